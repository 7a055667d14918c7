/** The steps of a login or an operation, as data: each does one thing on the page, as a person would. */
import { z } from 'zod'
import { withoutUserinfo } from '../../http/userinfo.ts'

/**
 * As Puppeteer has it: CSS, `>>>` into open shadow roots, `text/…`, `aria/…`, `xpath/…`. Looked for in all frames, the page's own first.
 */
export const selector = z.string().min(1).max(500)

export const address = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .overwrite(withoutUserinfo)

/** What the page looks like in one situation; any of the given signs is enough. */
export const pageSign = z
  .object({
    /** The address matches this regular expression, in RE2's syntax. */
    url: z.string().max(500).optional(),
    /** An element matching this selector is visible. */
    selector: selector.optional(),
    /** The page's text contains this. */
    text: z.string().max(500).optional(),
  })
  .refine(
    (sign) => sign.url !== undefined || sign.selector !== undefined || sign.text !== undefined,
    'give at least one of url, selector, text',
  )
export type PageSign = z.output<typeof pageSign>

/** A key as keyboards name it, with what is held meanwhile: `Enter`, `Tab`, `a`, `Control+A`. */
const key = z
  .string()
  .regex(
    /^((Control|Shift|Alt|Meta)\+){0,3}(Enter|Tab|Escape|Backspace|Delete|Space|Insert|Home|End|PageUp|PageDown|Arrow(Up|Down|Left|Right)|F([1-9]|1[0-2])|[!-~])$/,
    'a key such as Enter, Tab, Escape, ArrowDown, a or Control+A',
  )

export const captchaPlace = z.object({
  kind: z.enum(['recaptcha-v2', 'image']),
  /** The element carrying the site key (`data-sitekey`), or the image. */
  element: selector,
  /** Where the answer goes. */
  answer: selector,
})

/** What a step does; a step has exactly one of these. */
export const stepKinds = ['go', 'fill', 'press', 'click', 'tick', 'untick', 'choose', 'waitFor', 'captcha', 'dialog', 'person'] as const
export type StepKind = (typeof stepKinds)[number]

/**
 * In addresses, selectors and values `{name}` stands for something that is known when the step runs: in a login `{username}`, `{password}`,
 * `{totp}` and the profile's fields, in an operation its inputs as well.
 */
const stepShape = z.object({
  /** Opens this address in the page. */
  go: address.optional(),
  /** Types `value` into the field, key by key, in place of what stands there. */
  fill: selector.optional(),
  value: z.string().max(500).optional(),
  /** Presses a key where the cursor is, or in the element `on`. */
  press: key.optional(),
  /** For a person: what they are needed for; with `ifShows` they are asked only when it is there. */
  on: selector.optional(),
  /** Clicks the element, as soon as it can be. */
  click: selector.optional(),
  /** Sees to it that a check box or radio button is on. */
  tick: selector.optional(),
  /** Sees to it that a check box is off. */
  untick: selector.optional(),
  /** Chooses in a `<select>` the option with this value or these words. */
  choose: selector.optional(),
  option: z.string().max(500).optional(),
  /** Until an element is visible; or one of the signs shows; or the page is quiet: loaded, and asking nothing of the network. */
  waitFor: z.union([selector, pageSign, z.object({ quiet: z.literal(true) })]).optional(),
  /** Has the captcha solved and puts the answer in. */
  captcha: captchaPlace.optional(),
  /** Answers the dialog (alert, confirm, prompt) that the step before opens. */
  dialog: z.enum(['accept', 'dismiss']).optional(),
  /** Typed into a prompt. */
  text: z.string().max(500).optional(),
  /**
   * Stops for a person, and tells them this. Goes on when they give back, when `until` shows, or, where only `on` is given, when that has
   * gone.
   */
  person: z.string().min(1).max(300).optional(),
  until: pageSign.optional(),
  /** Left out when what it needs does not show within a moment. */
  ifShows: z.boolean().optional(),
  /** How long it may take, in ms: 15 s when left out, ten minutes for a person. */
  within: z.number().int().min(100).max(3_600_000).optional(),
  /** What people call it, e.g. the words on the button. */
  label: z.string().max(80).optional(),
})

/** What goes with other parts alone. */
const belongsTo = [
  ['value', ['fill']],
  ['on', ['press', 'person']],
  ['option', ['choose']],
  ['text', ['dialog']],
  ['until', ['person']],
] as const

/** One step. An operation's click, fill and waitFor may also stand in one, done in this order: so earlier versions wrote them. */
export const siteStep = stepShape.superRefine((step, context) => {
  const complain = (message: string, path: PropertyKey[] = []): void => context.addIssue({ code: 'custom', message, path })
  const kinds = stepKinds.filter((kind) => step[kind] !== undefined)
  if (kinds.length === 0) complain(`a step has one of ${stepKinds.join(', ')}`)
  if (kinds.length > 1 && !kinds.every((kind) => kind === 'click' || kind === 'fill' || kind === 'waitFor'))
    complain(`a step does one thing; this one has ${kinds.join(' and ')}`)
  for (const [part, owners] of belongsTo)
    if (step[part] !== undefined && owners.every((kind) => step[kind] === undefined)) complain(`goes with ${owners.join(' or ')}`, [part])
  if (step.choose !== undefined && step.option === undefined) complain('choose needs option', ['option'])
  if (step.ifShows === true && step.person !== undefined && step.on === undefined) complain('what shows is named by on', ['on'])
})
export type SiteStep = z.output<typeof siteStep>

export const mostSteps = 60

/** What it does: the first thing, for one that does several. */
export function kindOf(step: SiteStep): StepKind {
  return stepKinds.find((kind) => step[kind] !== undefined) ?? 'waitFor'
}

/** The element it is about, if any. */
export function selectorOf(step: SiteStep): string | null {
  const { waitFor, captcha, until } = step
  if (waitFor !== undefined) return typeof waitFor === 'string' ? waitFor : 'selector' in waitFor ? (waitFor.selector ?? null) : null
  return step.fill ?? step.click ?? step.tick ?? step.untick ?? step.choose ?? step.on ?? captcha?.element ?? until?.selector ?? null
}

/** Steps that do one thing each. */
export function oneByOne(steps: readonly SiteStep[]): SiteStep[] {
  return steps.flatMap((step): SiteStep[] => {
    const { click, fill, value, waitFor, ...rest } = step
    const parts: SiteStep[] = [
      ...(click === undefined ? [] : [{ click }]),
      ...(fill === undefined ? [] : [{ fill, ...(value === undefined ? {} : { value }) }]),
      ...(waitFor === undefined ? [] : [{ waitFor }]),
    ]
    return parts.length === 0 ? [step] : parts.map((part) => ({ ...part, ...rest }))
  })
}

/** `failed` ends the run; steps after it are not reached. `waiting`: for a person. */
export const stepState = z.enum(['running', 'waiting', 'done', 'skipped', 'failed'])
export type StepState = z.output<typeof stepState>

/** Something on the page, e.g. the six boxes `input.code-digit`; the likeliest to have been meant stands first. */
export const seenThing = z.object({
  what: z.enum(['field', 'button', 'link', 'heading', 'message']),
  /** Finds it again; null for what is only there to be read. */
  selector: z.string().nullable(),
  /** How many are alike. */
  count: z.number().int(),
  /** Its words or label. */
  text: z.string(),
})
export type SeenThing = z.output<typeof seenThing>

/** Where a run failed, and what the page showed instead. */
export const stepFailure = z.object({
  /** Counted from 1. */
  step: z.number().int(),
  /** E.g. `fill {password}`. */
  words: z.string(),
  selector: z.string().nullable(),
  /** What went wrong, e.g. that nothing matched. */
  said: z.string(),
  seen: z.array(seenThing),
})
export type StepFailure = z.output<typeof stepFailure>
