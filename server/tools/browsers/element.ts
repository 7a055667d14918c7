/** The element that a tool names, and whether it can be used now. */
import type { ElementHandle, Page } from 'puppeteer-core'
import { z } from 'zod'
import { BrowserFault } from '../../browsers/fault.ts'
import { isBetweenDocuments, isInvalidSelector } from '../../browsers/page/between-documents.ts'
import { find } from '../../browsers/page/find.ts'
import { until } from '../../browsers/page/until.ts'
import { withDeadline } from '../../async/deadline.ts'
import { frameTakes, reachOf, shownFor, type Reach } from './in-page/hands.ts'
import type { Workplace } from './workplace.ts'

const ref = z.string().max(40).describe('From a snapshot, e.g. e12')
const selector = z.string().min(1).max(1_000).describe('Instead of ref: CSS, or text/…')
export const target = { ref: ref.optional(), selector: selector.optional() }

export interface Target {
  ref?: string | undefined
  selector?: string | undefined
}

export interface FoundElement {
  element: ElementHandle<Element>
  page: Page
  /** For the answer, e.g. `button "Moor"`. */
  called: string
}

/** Ms for what a selector names to be there, and for an element to be free. */
const patience = 15_000
const freePatience = 2_000

export const isNamed = (named: Target): boolean => named.ref !== undefined || named.selector !== undefined

/** `hidden`: also one that does not show. Throws `element-missing`; for a selector only when nothing has matched for a while. */
export async function findElement(
  workplace: Workplace,
  named: Target,
  signal: AbortSignal,
  { hidden = false } = {},
): Promise<FoundElement> {
  if (named.ref !== undefined) {
    const { refs } = workplace
    const element = await refs.find(named.ref)
    return { element, page: refs.frameOf(named.ref).page(), called: `${await refs.describe(named.ref)} ${named.ref}` }
  }
  const { selector: where } = named
  if (where === undefined) throw new BrowserFault('element-missing', 'Name an element: its "ref" from browser_snapshot, or a "selector"')
  const { page } = workplace.tab()
  try {
    const search = (within: AbortSignal) => until(() => find(page, where, { hidden }), within)
    const { element } = await withDeadline(patience, signal, search, () => missing(where))
    return { element, page, called: where }
  } catch (error) {
    if (isInvalidSelector(error)) throw new BrowserFault('selector-invalid', `${where} is no selector`, {}, { cause: error })
    throw error
  }
}

const missing = (where: string): BrowserFault =>
  new BrowserFault(
    'element-missing',
    `Nothing that could be used matched ${where} within ${patience / 1_000} seconds; browser_snapshot shows what is there`,
  )

/**
 * In view, enabled and not covered; waits for that a while. A box to tick that a site hides behind a drawing is pressed there. Resolves
 * with its middle in CSS px of the page. Throws `page-failed`.
 */
export async function freePoint({ element, called }: FoundElement, signal: AbortSignal): Promise<{ x: number; y: number }> {
  let last: Reach = { state: 'hidden', by: '' }
  let pressed = element
  const late = (): BrowserFault => notFree(last, called)
  return withDeadline(
    freePatience,
    signal,
    (within) =>
      until(async () => {
        try {
          last = await pressed.evaluate(reachOf)
          if (last.state === 'hidden' && pressed === element) pressed = await shownInstead(element)
          if (last.state === 'gone') throw notFree(last, called)
          if (last.state === 'free' && !(await framesTake(pressed))) last = { state: 'covered', by: 'something outside its frame' }
          return last.state === 'free' ? await pressed.clickablePoint() : null
        } catch (error) {
          if (isBetweenDocuments(error)) throw notFree({ state: 'gone', by: '' }, called)
          if (error instanceof Error && /not clickable|not an Element/i.test(error.message)) return null
          throw error
        }
      }, within),
    late,
  )
}

async function shownInstead(element: ElementHandle<Element>): Promise<ElementHandle<Element>> {
  const found = (await element.evaluateHandle(shownFor)).asElement() as ElementHandle<Element> | null // by what it answers
  return found ?? element
}

/** A press goes to what the pages around a frame lay over it, and nobody is told. */
async function framesTake(element: ElementHandle<Element>): Promise<boolean> {
  const box = await element.evaluate((each) => {
    const { x, y, width, height } = each.getBoundingClientRect()
    return { x: x + width / 2, y: y + height / 2 }
  })
  let { x, y } = box
  for (let { frame } = element; frame.parentFrame() !== null;) {
    const owner = await frame.frameElement()
    if (owner === null) return true
    try {
      if (!(await owner.evaluate(frameTakes, x, y))) return false
      const place = await owner.evaluate((each) => {
        const { x: left, y: top } = each.getBoundingClientRect()
        return { x: left + each.clientLeft, y: top + each.clientTop }
      })
      x += place.x
      y += place.y
      frame = owner.frame
    } finally {
      owner.dispose().catch(() => undefined)
    }
  }
  return true
}

function notFree({ state, by }: Reach, called: string): BrowserFault {
  if (state === 'gone') return new BrowserFault('element-missing', `${called} is not on the page any more. Take a new browser_snapshot`)
  const why = {
    free: 'cannot be used',
    hidden: 'does not show on the page now',
    disabled: 'is disabled: something else has to be done first',
    covered: `is covered by ${by === '' ? 'another element' : by}: close or move that first`,
  }[state]
  return new BrowserFault('page-failed', `${called} ${why}. browser_snapshot shows the page as it is`)
}
