/** What the steps of an operation may use of the session that runs it. */
import { fetchDownload } from '../files/fetch-download.ts'
import { answerCaptcha } from '../login/captcha-field.ts'
import { captchaSolver, type LoginTools } from '../login/login.ts'
import type { Session } from '../session/session.ts'
import type { OperationTools } from './operations.ts'

type Given = Pick<LoginTools, 'settings' | 'egress' | 'profiles'>

export async function operationToolsOf(session: Session, given: Given): Promise<OperationTools> {
  return {
    values: await given.profiles.valuesOf(session.profile),
    askPerson: (what) => session.login.personWanted(what),
    download: (click, signal) => fetchDownload(session, click, signal),
    solveCaptcha: (page, place, signal) => answerCaptcha(page, place, session.credentials.captchaApiKey, captchaSolver(given), signal),
  }
}
