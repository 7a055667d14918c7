/** A step in words, as errors name it; what is filled in stays a name. */
import { kindOf, selectorOf, type SiteStep } from '../contract/site-steps.ts'

/** E.g. `fill {password}`, `click Sign in`. */
export function stepWords(step: SiteStep): string {
  const it = step.label ?? selectorOf(step) ?? ''
  switch (kindOf(step)) {
    case 'go':
      return `go to ${step.go ?? ''}`
    case 'fill':
      return `fill ${step.label ?? namesOf(step.value) ?? it}`
    case 'press':
      return `press ${step.press ?? ''}`
    case 'click':
      return `click ${it}`
    case 'tick':
      return `tick ${it}`
    case 'untick':
      return `untick ${it}`
    case 'choose':
      return `choose ${step.option ?? ''} in ${it}`
    case 'waitFor':
      return `wait for ${waitedFor(step)}`
    case 'captcha':
      return 'solve the captcha'
    case 'dialog':
      return `${step.dialog === 'accept' ? 'accept' : 'dismiss'} the dialog`
    case 'person':
      return `wait for a person: ${step.person ?? ''}`
  }
}

function waitedFor({ waitFor, label }: SiteStep): string {
  if (label !== undefined) return label
  if (waitFor === undefined || typeof waitFor === 'string') return waitFor ?? ''
  if ('quiet' in waitFor) return 'the page to be quiet'
  return [waitFor.selector, waitFor.text && `“${waitFor.text}”`, waitFor.url && `the address ${waitFor.url}`].filter(Boolean).join(' or ')
}

/** Of a value that is nothing but a name. */
const namesOf = (value = ''): string | undefined => (/^\{[a-z0-9_]+\}$/.test(value) ? value : undefined)
