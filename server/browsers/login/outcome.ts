/** How a login went, by what the page shows. */
import type { SiteProfile } from '../contract/site-profile.ts'
import type { PageState } from '../page/page-state.ts'

/** Without a sign for success, a login has worked when another page without the form stands there. */
export function isLoggedIn(shown: PageState, profile: SiteProfile, before: PageState | null): boolean {
  if (profile.success !== null) return shown.success
  return before !== null && profile.login === null && !shown.form && !shown.failure && shown.url !== before.url
}

/**
 * Why the site refuses, null while it has not. A sign that stood there before the form was sent says nothing about the answer. `sent`: all
 * was sent, so that the form coming back is an answer too.
 */
export function refusal(shown: PageState, before: PageState, profile: SiteProfile, dialog: string | null, sent: boolean): string | null {
  const another = shown.document !== before.document
  if (shown.failure && (another || !before.failure || shown.failureText !== before.failureText))
    return shown.failureText || 'Invalid credentials'
  if (dialog !== null && profile.failure?.text !== undefined && dialog.includes(profile.failure.text)) return dialog
  // The site shows its form again and the profile does not know its words for a refusal.
  return sent && profile.failure === null && another && shown.form ? 'Invalid credentials' : null
}

/** Sites have been seen to repeat what was typed; the name may stay. */
export function withoutSecrets(text: string, values: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(values)
    .filter(([name, value]) => name !== 'username' && name !== 'address' && value !== undefined && value !== '')
    .reduce((clean, [, secret]) => clean.replaceAll(secret ?? '', '[removed]'), text)
}
