/** Filling fields of every kind, and what came of it in words. */
import type { ElementHandle, Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { isDoneWithin } from '../../async/deadline.ts'
import { BrowserFault } from '../../browsers/fault.ts'
import { refuseWhileDriven } from './access.ts'
import { freePoint, type FoundElement } from './element.ts'
import { given } from './given.ts'
import { chooseAll, chooseOptions, fieldKind, heldBy, isTicked, putValue } from './in-page/hands.ts'
import type { Workplace } from './workplace.ts'

/** Ms for a key; a page that redraws itself acknowledges one late. */
const keyWithin = 5_000

/** Puts `value` in place of what stands in a field. Throws `page-failed` for what takes none. */
export async function fillField(found: FoundElement, value: string | boolean | string[], signal: AbortSignal): Promise<string> {
  const { element, page, called } = found
  const kind = await abortable(element.evaluate(fieldKind), signal)
  switch (kind) {
    case 'text':
      await putText(page, element, asText(value), signal)
      return filled(found, asText(value), signal)
    case 'value': {
      const held = await abortable(element.evaluate(putValue, asText(value)), signal)
      if (held !== asText(value))
        throw new BrowserFault(
          'page-failed',
          `${called} does not take ${JSON.stringify(value)}; it holds ${JSON.stringify(held)}. Dates are written 2026-11-27, times 14:30`,
        )
      return `Filled ${called}`
    }
    case 'list':
      return choose(found, Array.isArray(value) ? value : [asText(value)], signal)
    case 'tick':
      return tick(found, value === true || value === 'true' || value === 'on', signal)
    case 'file':
      throw new BrowserFault('page-failed', `${called} takes files: use browser_upload`)
    case 'fixed':
      throw new BrowserFault('page-failed', `${called} cannot be changed: it is disabled or read-only`)
    case 'none':
      throw new BrowserFault('page-failed', `${called} is no field; browser_click presses it`)
  }
}

function asText(value: string | boolean | string[]): string {
  return Array.isArray(value) ? value.join('\n') : String(value)
}

async function putText(page: Page, element: ElementHandle<Element>, text: string, signal: AbortSignal): Promise<void> {
  await abortable(element.evaluate(chooseAll), signal)
  await given(text === '' ? page.keyboard.press('Delete') : page.keyboard.sendCharacter(text), signal)
}

/** Some sites make something else of what they are given, which whoever fills has to know. */
async function filled({ element, called }: FoundElement, text: string, signal: AbortSignal): Promise<string> {
  const held = await abortable(
    element.evaluate(heldBy).catch(() => null),
    signal,
  )
  const tidy = (said: string): string => said.replace(/\s+/g, ' ').trimEnd()
  const same = held === null || tidy(held) === tidy(text)
  return same ? `Filled ${called}` : `Filled ${called}, which now holds ${JSON.stringify(held.slice(0, 200))}`
}

/** Key by key, as a person types; what stands there stays. */
export async function typeSlowly(
  { element, page, called }: FoundElement,
  text: string,
  workplace: Workplace,
  signal: AbortSignal,
): Promise<string> {
  await abortable(element.focus(), signal)
  let typed = 0
  for (const key of text) {
    signal.throwIfAborted()
    try {
      refuseWhileDriven(workplace.session)
    } catch (error) {
      throw new BrowserFault('session-in-use', `${String((error as Error).message)}. ${typed} of ${text.length} characters were typed`)
    }
    if (!(await isDoneWithin(keyWithin, page.keyboard.type(key))))
      throw new BrowserFault('page-failed', `${called} takes no more keys; ${typed} of ${text.length} characters were typed`)
    typed += key.length
  }
  return `Typed into ${called}`
}

/** Throws `page-failed`, which names what there is to choose from. */
export async function choose({ element, called }: FoundElement, wanted: readonly string[], signal: AbortSignal): Promise<string> {
  const outcome = await abortable(element.evaluate(chooseOptions, wanted), signal)
  if (outcome === null)
    throw new BrowserFault('page-failed', `${called} is no list of the browser's own: click it, and then the option that shows`)
  if (outcome.missing !== null)
    throw new BrowserFault(
      'page-failed',
      `${called} has no option ${JSON.stringify(outcome.missing)} that can be chosen; there are: ${outcome.all.join(' / ')}`,
    )
  return `Chose ${outcome.chosen.map((each) => JSON.stringify(each)).join(', ')} in ${called}`
}

async function tick(found: FoundElement, on: boolean, signal: AbortSignal): Promise<string> {
  const { element, page, called } = found
  const words = `${on ? 'Ticked' : 'Unticked'} ${called}`
  if ((await abortable(element.evaluate(isTicked), signal)) === on) return `${words}, as it was`
  const { x, y } = await freePoint(found, signal)
  await given(page.mouse.click(x, y), signal)
  const now = await abortable(
    element.evaluate(isTicked).catch(() => on),
    signal,
  )
  if (now !== on) throw new BrowserFault('page-failed', `${called} was pressed and is ${now ? 'ticked' : 'not ticked'} all the same`)
  return words
}
