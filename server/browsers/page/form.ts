/** Typing and pressing as a person does, robust against pages that redraw themselves while it happens. */
import { setTimeout as wait } from 'node:timers/promises'
import type { ElementHandle, Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { isDoneWithin } from '../../async/deadline.ts'
import { isBetweenDocuments } from './between-documents.ts'
import { find } from './find.ts'
import { takesPresses } from './takes-presses.ts'
import { until } from './until.ts'

export interface Field {
  selector: string
  text: string
}

/** What fields made of what was typed: some sites group digits, and a box for one digit hands the rest to the next. */
export type Typed = Map<string, { text: string; shown: string | null }>

/** Types into the fields one after another, until all hold at once: a page may redraw the first one when the second is filled. */
export async function fillAll(page: Page, fields: readonly Field[], signal: AbortSignal, typed: Typed = new Map()): Promise<void> {
  let steady = false
  while (!steady) {
    steady = true
    for (const field of fields) {
      if ((await until(() => putNow(page, field, typed), signal)) === 'put') steady = false
    }
  }
}

/** Types into one more field, and again into the earlier ones that this has made the page redraw, as far as they are still there. */
export async function fillBeside(page: Page, field: Field, earlier: readonly Field[], signal: AbortSignal, typed: Typed): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    await fillAll(page, [field], signal, typed)
    let steady = true
    for (const other of earlier) {
      const outcome = await abortable(put(page, other, typed), signal)
      if (outcome === 'put' || outcome === 'lost') steady = false
    }
    if (steady) return
  }
}

/** Null to be asked again. */
async function putNow(page: Page, field: Field, typed: Typed): Promise<'held' | 'put' | null> {
  const outcome = await put(page, field, typed)
  return outcome === 'absent' || outcome === 'lost' ? null : outcome
}

/** Types `text` in place of what stands in a field, and makes sure that it stays there. */
export async function fill(page: Page, selector: string, text: string, signal: AbortSignal): Promise<void> {
  await fillAll(page, [{ selector, text }], signal)
}

/** `lost`: the page has thrown the text away by redrawing itself. */
async function put(page: Page, { selector, text }: Field, typed: Typed): Promise<'held' | 'put' | 'absent' | 'lost'> {
  const found = await find(page, selector)
  if (found === null) return 'absent'
  const field = found.element
  try {
    const before = typed.get(selector)
    const shown = await field.evaluate(readValue)
    if (shown !== null && (shown === text || (before?.text === text && before.shown === shown))) return 'held'
    if (await field.evaluate(takesNoKeys)) {
      await field.evaluate(setValue, text)
    } else {
      await field.evaluate(selectAll)
      await type(page, field, text)
    }
    const outcome = await field.evaluate(readOutcome)
    if (outcome.value === null) return 'lost'
    if (outcome.value === text) return 'put'
    // Of its own making when it comes out the same twice, or when the site has moved on to the next box.
    const settled = outcome.value !== '' && (outcome.left || (before?.text === text && before.shown === outcome.value))
    typed.set(selector, { text, shown: outcome.value })
    return settled ? 'put' : 'lost'
  } catch (error) {
    if (isBetweenDocuments(error)) return 'lost'
    throw error
  } finally {
    field.dispose().catch(() => undefined)
  }
}

/** Ms for a key; a page at the back may acknowledge none. */
const keyWithin = 5_000

/** In place of what is selected. */
async function type(page: Page, field: ElementHandle<HTMLElement>, text: string): Promise<void> {
  if (text === '') return page.keyboard.press('Delete')
  // One by one: of a slow page's keys more would still come behind what is put in their place.
  for (const key of text) {
    if (await isDoneWithin(keyWithin, page.keyboard.type(key))) continue
    await field.evaluate(selectAll)
    return page.keyboard.sendCharacter(text)
  }
}

/** Ms after which a click counts as done: its page may have gone to the back, where nothing is acknowledged any more. */
const clickWithin = 3_000

/**
 * Clicks like a person would, as soon as the button can be pressed. Where a click cannot work, presses it by script: something lies over
 * it, or the page is at the back, where a click waits for a picture that is never drawn. Resolves also when the click leads elsewhere.
 */
export async function press(page: Page, selector: string, signal: AbortSignal): Promise<void> {
  let left = false
  const button = await until(async () => {
    const found = await find(page, selector)
    if (found === null) return null
    const disabled = await found.element.evaluate(isDisabled).catch(() => true)
    if (!disabled) return found.element
    // Some sites look at a field when it is left.
    if (!left) await found.frame.evaluate(leaveField).catch(() => undefined)
    left = true
    found.element.dispose().catch(() => undefined)
    return null
  }, signal)
  await pressFound(page, button, signal)
}

export async function pressFound(page: Page, button: ElementHandle<HTMLElement>, signal: AbortSignal): Promise<void> {
  const opened = Promise.withResolvers<void>()
  const onPopup = (): void => opened.resolve()
  page.once('popup', onPopup)
  // An open dialog acknowledges nothing until it is answered.
  page.once('dialog', onPopup)
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(clickWithin)])
    const outOfReach = (await abortable(button.evaluate(isOutOfReach), signal)) || !(await takesPresses(button, within))
    signal.throwIfAborted()
    const click = outOfReach ? button.evaluate(pressElement) : button.click()
    click.catch(() => undefined)
    await abortable(Promise.race([click, opened.promise, wait(clickWithin, undefined, { ref: false })]), signal)
  } catch (error) {
    signal.throwIfAborted()
    if (!isBetweenDocuments(error)) throw error
  } finally {
    page.off('popup', onPopup)
    page.off('dialog', onPopup)
    button.dispose().catch(() => undefined)
  }
}

// These run inside the page.

/** Null when the page has thrown the element away, which keeps its value without being seen by anybody. */
function readValue(element: HTMLElement): string | null {
  if (!element.isConnected) return null
  return 'value' in element ? String(element.value) : (element.textContent ?? '')
}

function readOutcome(element: HTMLElement): { value: string | null; left: boolean } {
  const root = element.getRootNode()
  const active = root instanceof Document || root instanceof ShadowRoot ? root.activeElement : null
  const value = !element.isConnected ? null : 'value' in element ? String(element.value) : (element.textContent ?? '')
  return { value, left: active !== element && active instanceof HTMLInputElement }
}

function selectAll(element: HTMLElement): void {
  element.focus()
  if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) element.select()
  else getSelection()?.selectAllChildren(element)
}

/** Made of parts, or no text at all: what is typed there depends on the language of the browser. */
function takesNoKeys(element: HTMLElement): boolean {
  return element instanceof HTMLInputElement && /^(date|time|month|week|datetime-local|color|range)$/.test(element.type)
}

function setValue(element: HTMLElement, text: string): void {
  // Past the property that frameworks put over it to notice changes.
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(element, text)
  element.dispatchEvent(new Event('input', { bubbles: true }))
  element.dispatchEvent(new Event('change', { bubbles: true }))
}

const isDisabled = (element: HTMLElement): boolean =>
  element.closest(':disabled, [aria-disabled="true"], [inert]') !== null || getComputedStyle(element).pointerEvents === 'none'

function leaveField(): void {
  let active: Element | null = document.activeElement
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement
  if (active instanceof HTMLElement) active.blur()
}

function isOutOfReach(element: HTMLElement): boolean {
  if (document.visibilityState === 'hidden') return true
  element.scrollIntoView({ block: 'center', behavior: 'instant' })
  const box = element.getBoundingClientRect()
  const root = element.getRootNode()
  const place = root instanceof ShadowRoot ? root : document
  const top = place.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
  return top === null || !(element.contains(top) || top.contains(element))
}

const pressElement = (element: HTMLElement) => element.click()
