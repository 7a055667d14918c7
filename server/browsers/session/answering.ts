/** Whether a session's browser answers, and the page in front. Either may be there and of no use: stopped, crashed, caught in a loop. */
import { withDeadline, type StartTimer } from '../../async/deadline.ts'
import type { Fault } from '../../fault.ts'
import { BrowserFault } from '../fault.ts'
import { until } from '../page/until.ts'
import type { Session } from './session.ts'

export type Answer = 'answers' | 'browser-silent' | 'page-silent'

/** In ms. A busy page takes longer than a browser, which has little to do. */
export interface Patience {
  browser: number
  page: number
}

export const usualPatience: Patience = { browser: 3_000, page: 5_000 }

/** `page: false` asks the browser alone. Never rejects but with the reason for which the session ends. */
export async function askSession(
  session: Session,
  patience: Patience,
  { page, startTimer }: { page: boolean; startTimer?: StartTimer | undefined },
): Promise<Answer> {
  const { pages, life } = session
  const inTime = async (ms: number, question: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> => {
    try {
      await withDeadline(ms, life, (signal) => until(() => question(signal).then(() => true as const), signal), late, startTimer)
      return true
    } catch {
      life.throwIfAborted()
      return false
    }
  }
  if (!(await inTime(patience.browser, () => pages.ask()))) return 'browser-silent'
  return !page || (await inTime(patience.page, (signal) => pageAnswers(session, signal))) ? 'answers' : 'page-silent'
}

/** Asked again while there is none in front, or one document takes another's place, or a crashed page is being loaded anew. */
function pageAnswers(session: Session, signal: AbortSignal): Promise<true> {
  return until(() => Promise.resolve(session.pages.active()?.page.evaluate(() => true as const) ?? null).catch(() => null), signal)
}

const late = (): Fault => new BrowserFault('browser-silent', 'The browser does not answer')
