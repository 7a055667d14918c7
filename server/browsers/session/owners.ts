/** Who may have a session, and the credentials that it signs in with. */
import { withoutUserinfo } from '../../http/userinfo.ts'
import type { Credentials } from '../login/sign-in.ts'

export class Owners {
  /** Who has opened it, or has shown its credentials since. */
  readonly #makers: Set<string | null>
  readonly #credentials: Credentials
  #credentialsKnown: boolean

  constructor(credentials: Credentials, before: { makers: readonly (string | null)[]; credentialsKnown: boolean } | undefined) {
    this.#credentials = { ...credentials }
    this.#makers = new Set(before?.makers)
    this.#credentialsKnown = before?.credentialsKnown ?? true
  }

  get makers(): ReadonlySet<string | null> {
    return this.#makers
  }

  /** Kept in memory for as long as the session lives, because a login that has gone is renewed with them; never on disk. */
  get credentials(): Readonly<Credentials> {
    return this.#credentials
  }

  /** False for a session that was woken without them: then no login can be made anew. */
  get credentialsKnown(): boolean {
    return this.#credentialsKnown
  }

  /**
   * Whoever shows the credentials of a session has it from then on; a captcha key that is new, or replaces a wrong one, is worth more than
   * the old.
   */
  sharedWith(makers: readonly (string | null)[], shown?: Pick<Credentials, 'password' | 'captchaApiKey'>): void {
    for (const maker of makers) this.#makers.add(maker)
    if (shown === undefined) return
    if (shown.captchaApiKey !== undefined) this.#credentials.captchaApiKey = shown.captchaApiKey
    if (this.#credentialsKnown) return
    this.#credentials.password = shown.password
    this.#credentialsKnown = true
  }

  forgetSecrets(): void {
    this.#credentials.password = ''
    if (this.#credentials.address !== undefined) this.#credentials.address = withoutUserinfo(this.#credentials.address)
  }
}
