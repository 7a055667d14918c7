/** Filling and pressing, robust against pages that redraw themselves while it happens. */
import type { ElementHandle, Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { isBetweenDocuments } from './page-state.ts'
import { until } from './until.ts'

/** Fills the fields one after another, until all hold at once: a page may redraw the first one when the second is filled. */
export async function fillAll(page: Page, fields: readonly { selector: string; text: string }[], signal: AbortSignal): Promise<void> {
  let steady = false
  while (!steady) {
    steady = true
    for (const { selector, text } of fields) {
      if ((await until(() => put(page, selector, text), signal)) === 'put') steady = false
    }
  }
}

/** Puts `text` into a field as typing would (pages built on frameworks notice it) and makes sure that it stays there. */
export async function fill(page: Page, selector: string, text: string, signal: AbortSignal): Promise<void> {
  await fillAll(page, [{ selector, text }], signal)
}

/** Null when the field is not there, or has thrown the text away by redrawing itself. */
async function put(page: Page, selector: string, text: string): Promise<'held' | 'put' | null> {
  const field = await findVisible(page, selector)
  if (field === null) return null
  try {
    if ((await field.evaluate(readValue)) === text) return 'held'
    await field.evaluate(selectAll)
    if (text === '') await page.keyboard.press('Delete')
    else await page.keyboard.sendCharacter(text)
    return (await field.evaluate(readValue)) === text ? 'put' : null
  } catch (error) {
    if (isBetweenDocuments(error)) return null
    throw error
  } finally {
    field.dispose().catch(() => undefined)
  }
}

/**
 * Clicks like a person would. Where that cannot work, presses the button by script: something lies over it, or the page is at the
 * back, where a click waits for a frame that is never drawn. Resolves also when the click leads elsewhere.
 */
export async function press(page: Page, selector: string, signal: AbortSignal): Promise<void> {
  const button = await until(() => findVisible(page, selector), signal)
  try {
    const outOfReach = await abortable(button.evaluate(isOutOfReach), signal)
    await abortable(outOfReach ? button.evaluate(pressElement) : button.click(), signal)
  } catch (error) {
    signal.throwIfAborted()
    if (!isBetweenDocuments(error)) throw error
  } finally {
    button.dispose().catch(() => undefined)
  }
}

/** The first element that matches and can be seen; null when there is none now. */
export async function findVisible(page: Page, selector: string): Promise<ElementHandle<HTMLElement> | null> {
  try {
    for (const handle of await page.$$(selector)) {
      if (await handle.isVisible()) {
        // The selector comes from a profile and says nothing about its type; what follows needs no more than an HTMLElement.
        return handle as ElementHandle<HTMLElement>
      }
    }
    return null
  } catch (error) {
    if (isBetweenDocuments(error)) return null
    throw error
  }
}

// These run inside the page.

/** Null when the page has thrown the element away, which keeps its value without being seen by anybody. */
function readValue(element: HTMLElement): string | null {
  if (!element.isConnected) return null
  return 'value' in element ? String(element.value) : (element.textContent ?? '')
}

function selectAll(element: HTMLElement): void {
  element.focus()
  if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) element.select()
  else getSelection()?.selectAllChildren(element)
}

function isOutOfReach(element: HTMLElement): boolean {
  if (document.visibilityState === 'hidden') return true
  element.scrollIntoView({ block: 'center', behavior: 'instant' })
  const box = element.getBoundingClientRect()
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
  return top === null || !(element.contains(top) || top.contains(element))
}

const pressElement = (element: HTMLElement) => element.click()
