/** A site profile as the step editor changes it: its steps in their order, and what is wrong with each. */
import { loginSteps } from '../../../../server/browsers/contract/index.ts'
import { kindOf, selectorOf, siteStep, type SiteStep, type StepKind } from '../../../../server/browsers/contract/index.ts'
import type { SentSiteProfile, SiteProfileView } from '../../../stores/site-profiles.ts'

export interface StepsDraft {
  title: string
  address: string
  steps: SiteStep[]
}

/** An older profile of a form opens as the steps that it means. */
export function draftOf(profile: SiteProfileView): StepsDraft {
  return { title: profile.title, address: profile.address ?? '', steps: loginSteps(profile).map((step) => ({ ...step })) }
}

/** The whole profile; without steps it logs in nowhere. */
export function profileOf(profile: SiteProfileView, { title, address, steps }: StepsDraft): SentSiteProfile & { name: string } {
  const { builtIn: _, ...rest } = profile
  const logsIn = steps.length > 0
  return {
    ...rest,
    title: title.trim(),
    address: address.trim() === '' ? null : address.trim(),
    kind: logsIn ? 'form' : 'none',
    form: null,
    captcha: null,
    login: logsIn ? { steps } : null,
  }
}

/** How many things are not saved yet: steps that are new, moved or changed or gone, the title, the address. */
export function changesIn(profile: SiteProfileView, draft: StepsDraft): number {
  const before = draftOf(profile)
  const old = new Set(before.steps.map((step) => JSON.stringify(step)))
  const now = new Set(draft.steps.map((step) => JSON.stringify(step)))
  const fresh = [...now].filter((step) => !old.has(step)).length
  const gone = [...old].filter((step) => !now.has(step)).length
  const moved = fresh === 0 && gone === 0 && JSON.stringify(before.steps) !== JSON.stringify(draft.steps) ? 1 : 0
  return Math.max(fresh, gone) + moved + Number(before.title !== draft.title) + Number(before.address !== draft.address)
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
  const [issue] = siteStep.safeParse(step).error?.issues ?? []
  return issue === undefined ? null : `${issue.path.join('.')}${issue.path.length > 0 ? ': ' : ''}${issue.message}`
}

/** With another selector, wherever this kind of step has it. */
export function withSelector(step: SiteStep, selector: string): SiteStep {
  const kind = kindOf(step)
  if (kind === 'press') return { ...step, on: selector }
  if (kind === 'captcha' && step.captcha !== undefined) return { ...step, captcha: { ...step.captcha, element: selector } }
  if (kind === 'person') return { ...step, until: { ...step.until, selector } }
  if (kind === 'go' || kind === 'dialog') return step
  return { ...step, [kind]: selector }
}

export const hasSelector = (step: SiteStep): boolean => !['go', 'dialog'].includes(kindOf(step))

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
  person: { label: 'Stop for a person', icon: 'i-lucide-hand', fresh: { person: 'Enter the code', until: { selector: '' } } },
}

/** E.g. `Fill {password}`, `Click Sign in`. */
export function titleOf(step: SiteStep): string {
  const kind = kindOf(step)
  const named = kind === 'fill' ? (step.value ?? '') : kind === 'press' ? (step.press ?? '') : (step.label ?? '')
  return kind === 'person' ? `${stepFacts.person.label}` : `${stepFacts[kind].label} ${named}`.trim()
}

export const aboutOf = (step: SiteStep): string => selectorOf(step) ?? step.go ?? step.dialog ?? step.person ?? ''
