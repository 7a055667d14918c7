/** What a session asks of those who keep its login. */
import type { Browser, Page } from 'puppeteer-core'
import type { SignedIn } from '../login/sign-in.ts'

export interface SessionKeeping {
  /** Its browser can be driven, and has no page yet: begins with what needs none. */
  started(browser: Browser): void
  /** Goes on where the kept login was. Null where there is none, or it counts no more: then it takes a sign-in. Called once a life. */
  resume(page: Page): Promise<SignedIn | null>
  /** It is logged in: writes that down and resolves when it is on the disk. Never rejects, and never takes long. */
  signedIn(how: SignedIn): Promise<void>
  /** Writes down what there is. */
  keep(): Promise<void>
}

/** For sessions that nothing is kept of. */
export const notKept: SessionKeeping = {
  started: () => undefined,
  resume: () => Promise.resolve(null),
  signedIn: () => Promise.resolve(),
  keep: () => Promise.resolve(),
}
