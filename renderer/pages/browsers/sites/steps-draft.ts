/** A site profile as the step editor changes it: its steps in their order, and what is wrong with each. */
import { ApiError } from '../../../api/api-error.ts'
import { loginSteps, siteProfile } from '../../../../server/browsers/contract/index.ts'
import { kindOf, oneByOne, selectorOf, siteStep, type SiteStep, type StepKind } from '../../../../server/browsers/contract/index.ts'
import type { SentSiteProfile, SiteProfileView } from '../../../stores/site-profiles.ts'

const moreParts = [
  ...(['description', 'fields', 'totp', 'httpAuth', 'ignoreCertificateErrors', 'popups', 'downloads'] as const),
  ...(['success', 'failure', 'loginTimeout', 'keep', 'refresh', 'operations'] as const),
]
/** What can be changed beside the steps; each part is replaced, never changed in place. */
export type SiteMore = Pick<SiteProfileView, (typeof moreParts)[number]>
export type Operation = SiteMore['operations'][string]

export interface StepsDraft {
  title: string
  address: string
  steps: SiteStep[]
  more: SiteMore
}

/** An older profile of a form opens as the steps that it means, and an operation whose steps do several things as one for each. */
export function draftOf(profile: SiteProfileView): StepsDraft {
  const operations = Object.entries(profile.operations).map(([name, one]) => [name, { ...one, steps: oneByOne(one.steps) }])
  const more = Object.fromEntries(moreParts.map((part) => [part, profile[part]]))
  return {
    title: profile.title,
    address: profile.address ?? '',
    steps: loginSteps(profile).map((step) => ({ ...step })),
    more: { ...more, operations: Object.fromEntries(operations) } as SiteMore, // every part is in the list
  }
}

/** The whole profile; without steps it logs in nowhere. */
export function profileOf(profile: SiteProfileView, { title, address, steps, more }: StepsDraft): SentSiteProfile & { name: string } {
  const { builtIn: _, ...rest } = profile
  const logsIn = steps.length > 0
  return {
    ...rest,
    ...more,
    title: title.trim(),
    address: address.trim() === '' ? null : address.trim(),
    kind: logsIn ? 'form' : 'none',
    form: null,
    captcha: null,
    login: logsIn ? { steps } : null,
  }
}

/** How many things are not saved yet: steps that are new, moved or changed or gone, the title, the address, and each other part. */
export function changesIn(profile: SiteProfileView, draft: StepsDraft): number {
  const before = draftOf(profile)
  const old = new Set(before.steps.map((step) => JSON.stringify(step)))
  const now = new Set(draft.steps.map((step) => JSON.stringify(step)))
  const fresh = [...now].filter((step) => !old.has(step)).length
  const gone = [...old].filter((step) => !now.has(step)).length
  const moved = fresh === 0 && gone === 0 && JSON.stringify(before.steps) !== JSON.stringify(draft.steps) ? 1 : 0
  const others = moreParts.filter((part) => JSON.stringify(before.more[part]) !== JSON.stringify(draft.more[part])).length
  return Math.max(fresh, gone) + others + moved + Number(before.title !== draft.title) + Number(before.address !== draft.address)
}

/** Moves a step by one place; where it cannot go it stays. Returns where it stands then. */
export function moveStep(steps: SiteStep[], index: number, to: number): number {
  const [step] = to < 0 || to >= steps.length ? [] : steps.splice(index, 1)
  if (step === undefined) return index
  steps.splice(to, 0, step)
  return to
}

/** What is wrong with a step, in words; null when nothing is. */
export function problemOf(step: SiteStep): string | null {
  if (typeof step.waitFor === 'object' && Object.values(step.waitFor).includes('')) return 'waitFor: say what is waited for'
  const [issue] = siteStep.safeParse(step).error?.issues ?? []
  return issue === undefined ? null : `${issue.path.join('.')}${issue.path.length > 0 ? ': ' : ''}${issue.message}`
}

/** With another selector, wherever this kind of step has it. */
export function withSelector(step: SiteStep, selector: string): SiteStep {
  const kind = kindOf(step)
  if (kind === 'press') return { ...step, on: selector }
  if (kind === 'captcha' && step.captcha !== undefined) return { ...step, captcha: { ...step.captcha, element: selector } }
  if (kind === 'person') {
    const { until: before, ...rest } = step
    const until = withSign(before ?? null, 'selector', selector)
    return until === null ? rest : { ...rest, until }
  }
  if (kind === 'go' || kind === 'dialog') return step
  return { ...step, [kind]: selector }
}

export const hasSelector = (step: SiteStep): boolean =>
  !['go', 'dialog'].includes(kindOf(step)) && (step.waitFor === undefined || waitKindOf(step) === 'selector')

type Sign = NonNullable<SiteStep['until']>

/** With one part of a sign changed, or left out where that is empty; null when nothing is left. */
export function withSign(sign: Sign | null, part: keyof Sign, value: string): Sign | null {
  const { [part]: _, ...rest } = sign ?? {}
  const changed = value === '' ? rest : { ...rest, [part]: value }
  return Object.keys(changed).length === 0 ? null : changed
}

export const waitKinds = { selector: 'An element', url: 'An address that matches', text: 'A text', quiet: 'A quiet page' } as const
export type WaitKind = keyof typeof waitKinds

export function waitKindOf({ waitFor }: SiteStep): WaitKind {
  if (typeof waitFor !== 'object') return 'selector'
  if ('quiet' in waitFor) return 'quiet'
  return waitFor.url !== undefined ? 'url' : waitFor.text !== undefined ? 'text' : 'selector'
}

export function withWait(step: SiteStep, kind: WaitKind, text: string): SiteStep {
  return { ...step, waitFor: kind === 'selector' ? text : kind === 'quiet' ? { quiet: true } : { [kind]: text } }
}

export const freshOperation = (): Operation => ({ inputs: {}, steps: [], read: '' })

/** An operation out of JSON, or what is wrong with that. */
export function readOperation(text: string): { operation: Operation } | { problem: string } {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    return { problem: 'This is not JSON' }
  }
  const { data, error } = siteProfile.shape.operations.safeParse({ given })
  const operation = data?.['given']
  if (operation !== undefined) return { operation }
  const [issue] = error?.issues ?? []
  return { problem: [issue?.path.slice(1).join('.'), issue?.message].filter(Boolean).join(': ') }
}

export interface Refusal {
  /** Dotted, e.g. `login.steps.3.value`. */
  field: string
  message: string
}

/** What was not accepted and why; null for what failed otherwise. */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof ApiError)) return null
  const [issue] = error.issues
  if (issue !== undefined) return issue
  const field = /^(\w+(?:\.[\w-]+)+) /.exec(error.message)?.[1]
  return field === undefined ? null : { field, message: error.message }
}

export type SitePart = 'login' | 'refresh' | 'site' | 'operations'

const loginParts = new Set(['login', 'fields', 'totp', 'success', 'failure', 'loginTimeout', 'keep'])

/** Where in the editor a field stands, beside the steps. */
export function partOf(field: string): SitePart {
  const [part = ''] = field.split('.')
  if (part === 'operations' || part === 'refresh') return part
  return loginParts.has(part) ? 'login' : 'site'
}

export interface StepPlace {
  /** Null: of the login. */
  operation: string | null
  /** From 0. */
  step: number
}

/** The step that a field belongs to; null for another field. */
export function placeOf(field: string): StepPlace | null {
  const [, operation, step] = /^(?:login|operations\.([^.]+))\.steps\.(\d+)/.exec(field) ?? []
  return step === undefined ? null : { operation: operation ?? null, step: Number(step) }
}

interface KindFacts {
  label: string
  icon: string
  /** A new one. */
  fresh: SiteStep
}

export const stepFacts: Readonly<Record<StepKind, KindFacts>> = {
  go: { label: 'Go to', icon: 'i-lucide-globe', fresh: { go: 'https://' } },
  fill: { label: 'Fill', icon: 'i-lucide-text-cursor-input', fresh: { fill: '', value: '{username}' } },
  press: { label: 'Press a key', icon: 'i-lucide-keyboard', fresh: { press: 'Enter' } },
  click: { label: 'Click', icon: 'i-lucide-mouse-pointer-click', fresh: { click: '' } },
  tick: { label: 'Tick', icon: 'i-lucide-square-check', fresh: { tick: '' } },
  untick: { label: 'Untick', icon: 'i-lucide-square', fresh: { untick: '' } },
  choose: { label: 'Choose', icon: 'i-lucide-list', fresh: { choose: '', option: '' } },
  waitFor: { label: 'Wait for', icon: 'i-lucide-hourglass', fresh: { waitFor: '' } },
  captcha: {
    label: 'Captcha',
    icon: 'i-lucide-puzzle',
    fresh: { captcha: { kind: 'recaptcha-v2', element: '.g-recaptcha', answer: '#g-recaptcha-response' }, ifShows: true },
  },
  dialog: { label: 'Answer a dialog', icon: 'i-lucide-message-square', fresh: { dialog: 'accept' } },
  person: { label: 'Stop for a person', icon: 'i-lucide-hand', fresh: { person: 'Enter the code' } },
}

/** E.g. `Fill {password}`, `Click Sign in`. */
export function titleOf(step: SiteStep): string {
  const kind = kindOf(step)
  const named = kind === 'fill' ? (step.value ?? '') : kind === 'press' ? (step.press ?? '') : (step.label ?? '')
  return kind === 'person' ? `${stepFacts.person.label}` : `${stepFacts[kind].label} ${named}`.trim()
}

export const aboutOf = (step: SiteStep): string => selectorOf(step) ?? signOf(step.waitFor) ?? step.go ?? step.dialog ?? step.person ?? ''

function signOf(waitFor: SiteStep['waitFor']): string | null {
  if (typeof waitFor !== 'object') return null
  return 'quiet' in waitFor ? 'the page is quiet' : (waitFor.url ?? waitFor.text ?? null)
}
