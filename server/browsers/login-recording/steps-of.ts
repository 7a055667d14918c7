/** What a person did, as the steps of a login: what belongs together is one step, and what was typed as a credential is a name. */
import { siteStep, type SiteStep } from '../contract/site-steps.ts'
import type { RecordedNote } from './recording-script.ts'

export type Noted = RecordedNote | { kind: 'dialog'; accepted: boolean; text: string }

const names = { username: '{username}', password: '{password}', totp: '{totp}' } as const

/** Takes one thing more that was done into the steps so far. */
export function withNote(steps: readonly SiteStep[], note: Noted): SiteStep[] {
  const step = stepOf(note)
  // A page can be so odd that what was done there is no step.
  if (step === null || !siteStep.safeParse(step).success) return [...steps]
  if (note.kind === 'fill' && note.as === 'password') return putFill(nameUser(steps), step)
  if (step.fill !== undefined) return putFill(steps, step)
  return step.tick !== undefined || step.untick !== undefined || step.choose !== undefined ? putSetting(steps, step) : [...steps, step]
}

/** The last thing that was done is taken back. */
export const withoutLast = (steps: readonly SiteStep[]): SiteStep[] => steps.slice(0, -1)

function stepOf(note: Noted): SiteStep | null {
  if (note.kind === 'dialog')
    return { dialog: note.accepted ? 'accept' : 'dismiss', ...(note.accepted && note.text !== '' ? { text: note.text } : {}) }
  const label = note.label.slice(0, 80)
  const common = { ...(label === '' ? {} : { label }), ...(note.likely ? {} : { ifShows: true }) }
  switch (note.kind) {
    case 'fill':
      return { fill: note.selector, value: note.as === 'text' ? note.value.slice(0, 500) : names[note.as], ...common }
    case 'choose':
      return { choose: note.selector, option: note.option, ...common }
    case 'press':
      return { press: note.key, on: note.selector, ...common }
    default:
      return { [note.kind]: note.selector, ...common }
  }
}

/**
 * Typing in a field again changes what was typed, as long as nothing but other fields came between; a credential is typed once, whatever
 * was done between, such as showing the password.
 */
function putFill(steps: readonly SiteStep[], step: SiteStep): SiteStep[] {
  if (isName(step) && steps.some(({ fill, value }) => fill === step.fill && value === step.value)) return [...steps]
  for (let index = steps.length - 1; index >= 0; index -= 1) {
    const before = steps[index]
    if (before === undefined || !isSetting(before)) break
    if (before.fill === step.fill) return steps.with(index, step)
  }
  return [...steps, step]
}

function putSetting(steps: readonly SiteStep[], step: SiteStep): SiteStep[] {
  const element = (one: SiteStep): string | undefined => one.tick ?? one.untick ?? one.choose
  const last = steps.at(-1)
  return last !== undefined && element(last) !== undefined && element(last) === element(step)
    ? [...steps.slice(0, -1), step]
    : [...steps, step]
}

const isName = ({ value }: SiteStep): boolean => /^\{\w+\}$/.test(value ?? '')

const isSetting = (step: SiteStep): boolean => [step.fill, step.tick, step.untick, step.choose].some((part) => part !== undefined)

/** Whoever types a password has typed a user name before, whatever that field is called. */
function nameUser(steps: readonly SiteStep[]): SiteStep[] {
  if (steps.some(({ value }) => value === names.username)) return [...steps]
  const index = steps.findLastIndex(({ fill, value }) => fill !== undefined && value !== undefined && !/^\{/.test(value))
  const step = steps[index]
  return step === undefined ? [...steps] : steps.with(index, { ...step, value: names.username })
}
