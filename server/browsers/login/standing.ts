/** Whether a login still holds, judged by what the site answered and what the page shows. */
import { addressToTell } from '../../http/userinfo.ts'
import { logsIn, type SiteProfile } from '../contract/site-profile.ts'
import type { PageState } from '../page/page-state.ts'
import { asksForLogin, type SiteAnswers } from '../page/site-answers.ts'

export interface Standing {
  /** `unknown`: nothing speaks for or against it, e.g. an answer in JSON. */
  login: 'holds' | 'gone' | 'unknown'
  /** False for what may have other reasons, e.g. a notice that matches the sign of failure. Signing in looks before it sends anything. */
  certain: boolean
  /** What speaks against it, to follow "because"; empty when nothing does. Carries no query of an address. */
  why: string
}

const holds: Standing = { login: 'holds', certain: true, why: '' }
const unknown: Standing = { login: 'unknown', certain: false, why: '' }

/**
 * In the order in which the signs can be trusted. An address says little: a site may show its login form anywhere, also at the address that
 * the profile calls a success; an element or a text that only a logged-in page has is worth more than a field for a password.
 */
export function standingOf(profile: SiteProfile, shown: PageState, answers: Pick<SiteAnswers, 'status' | 'refused'>): Standing {
  if (!logsIn(profile)) return unknown
  const status = answers.status()
  if (asksForLogin(status)) return gone(`the site answers with status ${status}`)
  if (shown.loggedOutAddress) return gone(`the site leads to ${addressToTell(shown.url)}`)
  if (shown.form && !shown.successShown) return gone('the site shows its login form')
  // It may mean that this user has no right to the page, so it is looked into where that can be.
  if (status === 403 && !shown.successShown && profile.success !== null) return gone('the site answers with status 403')
  const doubt = doubtOf(shown, answers.refused())
  // Without a sign of success, signing in could not tell that there is nothing to do.
  if (doubt !== null && profile.success !== null) return { login: 'gone', certain: false, why: doubt }
  return shown.success ? holds : unknown
}

function doubtOf(shown: PageState, refused: number | null): string | null {
  if (refused !== null) return refusedWords(refused)
  return shown.failure && !shown.successShown ? `the site says: ${shown.failureText || 'something that means a failed login'}` : null
}

export const refusedWords = (status: number): string => `the site refuses what its page asks for, with status ${status}`

const gone = (why: string): Standing => ({ login: 'gone', certain: true, why })
