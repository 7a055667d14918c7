/** What each kind of step does, once what it needs shows. */
import type { Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { type SiteStep, type StepKind } from '../contract/site-steps.ts'
import { BrowserFault } from '../fault.ts'
import { find } from '../page/find.ts'
import { fillBeside, press, pressFound, type Field, type Typed } from '../page/form.ts'
import { openAddress } from '../page/reachable.ts'
import { until } from '../page/until.ts'
import { fillIn, fillSign, type Values } from './fill-in.ts'
import { signShows } from './shows.ts'
import type { StepDialogs } from './step-dialogs.ts'
import type { Windows } from './windows.ts'

export interface AskedPerson {
  /** Resolves when the person has given keyboard and mouse back. */
  gaveBack: Promise<void>
  /** Nobody is needed any more. */
  end(): void
}

export interface ActionContext {
  step: SiteStep
  /** The page that shows what the step needs. */
  page: Page
  /** With its values; empty for a step without an element. */
  selector: string
  values: Values
  windows: Windows
  dialogs: StepDialogs
  signal: AbortSignal
  /** Filled right before, on the same page. */
  fields: Field[]
  typed: Typed
  /** False when the page asks for none within a moment. Throws `captcha-failed`. */
  solveCaptcha(page: Page, place: NonNullable<SiteStep['captcha']>, signal: AbortSignal): Promise<boolean>
  askPerson(what: string): AskedPerson
  /** Tells that the step waits for a person now. */
  waiting(): Promise<void>
}

/** False where what the step is about turned out not to be there. */
type Action = (context: ActionContext) => Promise<boolean | void>

export const actions: Readonly<Record<StepKind, Action>> = {
  go: async ({ step, page, values, signal }) => {
    const status = await openAddress(page, fillIn(step.go ?? '', values, encodeURIComponent), signal)
    if (status >= 400) throw new BrowserFault('login-unreachable', `${new URL(page.url()).host} answers with error ${status}`, { status })
  },
  fill: async ({ step, page, selector, values, signal, fields, typed }) => {
    const field = { selector, text: fillIn(step.value ?? '', values, String) }
    const earlier = fields.filter((each) => each.selector !== selector)
    typed.delete(selector)
    await fillBeside(page, field, earlier, signal, typed)
    fields.splice(0, Infinity, ...earlier, field)
  },
  press: async ({ step, page, selector, signal }) => {
    if (selector !== '') {
      const found = await until(() => find(page, selector), signal)
      await abortable(found.element.focus(), signal)
    }
    const keys = (step.press ?? '').split(/\+(?=.)/)
    await abortable(pressKeys(page, keys), signal)
  },
  click: ({ page, selector, signal }) => press(page, selector, signal),
  tick: (context) => setTicked(context, true),
  untick: (context) => setTicked(context, false),
  choose: ({ step, page, selector, values, signal }) => choose(page, selector, fillIn(step.option ?? '', values, String), signal),
  // That it shows is all.
  waitFor: async () => undefined,
  dialog: async () => undefined,
  captcha: async ({ step, page, signal, solveCaptcha }) => {
    const solved = step.captcha === undefined || (await solveCaptcha(page, step.captcha, signal))
    if (!solved && step.ifShows !== true) throw new BrowserFault('captcha-failed', 'The page asks for no captcha where the profile says so')
    return solved
  },
  person: waitForPerson,
}

async function pressKeys(page: Page, keys: readonly string[]): Promise<void> {
  // The names are checked by the contract.
  const [last, ...held] = [...keys].reverse() as Parameters<Page['keyboard']['press']>[0][]
  for (const key of held) await page.keyboard.down(key)
  if (last !== undefined) await page.keyboard.press(last)
  for (const key of held) await page.keyboard.up(key)
}

async function setTicked({ page, selector, signal }: ActionContext, on: boolean): Promise<void> {
  await until(async () => {
    const found = await find(page, selector, { hidden: true })
    if (found === null) return null
    const { element } = found
    if ((await element.evaluate(isTicked)) === on) return true
    // Many a check box is hidden behind its label.
    const label = (await element.isVisible()) ? null : await element.evaluateHandle(labelOf)
    const visible = label?.asElement() ?? null
    // An element of the page, by `labelOf`.
    await pressFound(page, (visible as typeof element | null) ?? element, signal)
    return null
  }, signal)
}

async function choose(page: Page, selector: string, option: string, signal: AbortSignal): Promise<void> {
  const found = await until(() => find(page, selector, { hidden: true }), signal)
  const options = await abortable(found.element.evaluate(optionsOf, option), signal)
  if (options === null) {
    await press(page, selector, signal)
    return press(page, `[role="option"]::-p-text(${option.replace(/[()\\]/g, '')})`, signal)
  }
  if (options.value === null)
    throw new BrowserFault('operation-failed', `there is no option “${option}”; there are ${options.all.join(', ') || 'none'}`)
  await abortable(found.element.select(options.value), signal)
}

async function waitForPerson({ step, selector, values, windows, dialogs, signal, askPerson, waiting }: ActionContext): Promise<void> {
  await waiting()
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const asked = askPerson(step.person ?? '')
  windows.leaveDialogs()
  dialogs.leftToPerson = true
  const wanted = until(async () => {
    for (const page of windows.pages) {
      if (step.until !== undefined && (await signShows(page, fillSign(step.until, values)))) return true
      if (step.until === undefined && selector !== '' && (await find(page, selector)) !== null) return null
    }
    return step.until === undefined && selector !== '' ? true : null
  }, either)
  try {
    await Promise.race([abortable(asked.gaveBack, either), wanted])
  } finally {
    over.abort()
    wanted.catch(() => undefined)
    dialogs.leftToPerson = false
    windows.claimDialogs()
    asked.end()
  }
}

// These run inside the page.

function isTicked(element: HTMLElement): boolean {
  return element instanceof HTMLInputElement ? element.checked : element.getAttribute('aria-checked') === 'true'
}

const labelOf = (element: HTMLElement): Element | null =>
  (element instanceof HTMLInputElement ? element.labels?.[0] : undefined) ?? element.closest('label')

/** Null for what is no list of the browser's own. */
function optionsOf(element: HTMLElement, wanted: string): { value: string | null; all: string[] } | null {
  if (!(element instanceof HTMLSelectElement)) return null
  const options = [...element.options]
  const chosen = options.find(({ value }) => value === wanted) ?? options.find(({ label }) => label.trim() === wanted.trim())
  return { value: chosen?.value ?? null, all: options.map(({ label }) => label.trim()).slice(0, 12) }
}
