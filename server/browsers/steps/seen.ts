/** What a page shows where a step found nothing: facts for whoever mends the step, the likeliest first. */
import type { Page } from 'puppeteer-core'
import { kindOf, type SeenThing, type SiteStep } from '../contract/site-steps.ts'
import { ask, framesOf } from '../page/find.ts'
import { stepWords } from './step-words.ts'

const mostSeen = 12

/** Never throws: an error about an error helps nobody. `clean` takes secrets out of what the page says. */
export async function seenInstead(page: Page, step: SiteStep, clean: (text: string) => string): Promise<SeenThing[]> {
  const seen: SeenThing[] = []
  try {
    for (const frame of framesOf(page).slice(0, 6)) seen.push(...((await ask(page, frame, () => frame.evaluate(look))) ?? []))
  } catch {
    return []
  }
  const score = scoreFor(step)
  return seen
    .map((thing) => ({ ...thing, text: clean(thing.text) }))
    .map((thing, index) => ({ thing, rank: score(thing) * 1_000 - index }))
    .toSorted((a, b) => b.rank - a.rank)
    .slice(0, mostSeen)
    .map(({ thing }) => thing)
}

/** In a few words, for an error's text. */
export function seenWords(seen: readonly SeenThing[]): string {
  const words = seen.slice(0, 4).map(({ what, selector, count, text }) => {
    const name = what === 'heading' || what === 'message' || selector === null ? `“${text}”` : selector
    return count > 1 ? `${count} ${what}s ${name}` : `the ${what} ${name}`
  })
  return words.length === 0 ? 'nothing to act on' : words.join(', ')
}

/** Of the kind that the step is about, and alike in name. */
function scoreFor(step: SiteStep): (thing: SeenThing) => number {
  const kind = kindOf(step)
  const wanted: readonly SeenThing['what'][] =
    kind === 'fill' || kind === 'tick' || kind === 'untick' || kind === 'choose' ? ['field'] : ['button', 'link']
  const words = namesOf(`${stepWords(step)} ${step.fill ?? ''} ${step.click ?? ''} ${step.value ?? ''}`)
  const isCode = ['totp', 'otp', 'code'].some((word) => words.has(word))
  return ({ what, selector, count, text }) => {
    const own = namesOf(`${selector ?? ''} ${text}`)
    const alike = [...own].filter((word) => words.has(word)).length
    const code = isCode && (own.has('code') || own.has('otp') || own.has('digit') || count >= 4) ? 2 : 0
    const said = what === 'message' ? 3 : what === 'heading' ? 1 : 0
    return (wanted.includes(what) ? 3 : said) + Math.min(alike, 3) + (wanted.includes(what) ? code : 0)
  }
}

const namesOf = (text: string): Set<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [])

/** Runs inside the page, so it must stand on its own. */
function look(): SeenThing[] {
  const shown = (element: Element): boolean => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0
  const said = (element: Element): string =>
    (element instanceof HTMLElement ? element.innerText : (element.textContent ?? '')).replace(/\s+/g, ' ').trim().slice(0, 80)
  const all = (wanted: string): HTMLElement[] => {
    const found: HTMLElement[] = []
    const walk = (root: Document | ShadowRoot): void => {
      for (const element of root.querySelectorAll<HTMLElement>('*')) {
        if (found.length < 200 && element.matches(wanted) && shown(element)) found.push(element)
        if (element.shadowRoot !== null) walk(element.shadowRoot)
      }
    }
    walk(document)
    return found
  }
  const selectorOf = (element: HTMLElement): string => {
    const deep = element.getRootNode() instanceof ShadowRoot ? '>>> ' : ''
    const tag = element.localName
    const name = element.getAttribute('name')
    const [first] = element.classList
    if (element.id !== '' && !/\d{4}/.test(element.id)) return `${deep}${tag}#${CSS.escape(element.id)}`
    if (name !== null && name !== '') return `${deep}${tag}[name="${CSS.escape(name)}"]`
    if (first !== undefined) return `${deep}${tag}.${CSS.escape(first)}`
    const type = element.getAttribute('type')
    return `${deep}${tag}${type === null ? '' : `[type="${CSS.escape(type)}"]`}`
  }
  const labelOf = (element: HTMLElement): string => {
    const labels = 'labels' in element ? [...((element.labels as NodeListOf<HTMLElement> | null) ?? [])] : []
    const label =
      element.getAttribute('aria-label') ?? labels[0]?.innerText ?? element.getAttribute('placeholder') ?? element.getAttribute('title')
    return (label ?? '').replace(/\s+/g, ' ').trim().slice(0, 80)
  }
  const seen: SeenThing[] = []
  const add = (what: SeenThing['what'], elements: HTMLElement[], text: (element: HTMLElement) => string, named: boolean): void => {
    for (const element of elements) {
      const selector = named ? selectorOf(element) : null
      const alike = seen.find((thing) => thing.what === what && named && thing.selector === selector)
      if (alike === undefined) seen.push({ what, selector, count: 1, text: text(element) })
      else alike.count += 1
    }
  }
  add('message', all('[role="alert"], [role="status"], [class*="error" i], [class*="toast" i]').slice(0, 3), said, false)
  add(
    'field',
    all('input:not([type="hidden"], [type="submit"], [type="button"]), textarea, select, [contenteditable="true"]'),
    labelOf,
    true,
  )
  add(
    'button',
    all('button, [role="button"], input[type="submit"], input[type="button"]'),
    (element) => (element instanceof HTMLInputElement ? element.value : said(element)) || labelOf(element),
    true,
  )
  add('heading', all('h1, h2, legend').slice(0, 3), said, false)
  add('link', all('a[href]').slice(0, 8), said, true)
  return seen.filter(({ selector, text }) => selector !== null || text !== '')
}
