/** What a profile lets the pages of its sessions past: HTTP's own question for a name, and a certificate that nobody vouches for. */
import type { CDPSession, Page } from 'puppeteer-core'
import { writtenOrigins, type SiteProfile } from '../contract/site-profile.ts'
import { fillIn, type Values } from '../steps/fill-in.ts'

type Access = Pick<SiteProfile, 'address' | 'refresh' | 'login' | 'operations' | 'httpAuth' | 'ignoreCertificateErrors'>

/** To be called for every page before anything is opened in it. Only the origins that the profile names are let past. */
export async function letIn(page: Page, profile: Access, address: string | undefined, values: () => Promise<Values>): Promise<void> {
  if (profile.httpAuth === null && !profile.ignoreCertificateErrors) return
  const named = address === undefined ? [] : [URL.parse(address)?.origin ?? '']
  const origins = new Set([...writtenOrigins(profile), ...named])
  const cdp = await page.createCDPSession()
  if (profile.ignoreCertificateErrors) await trust(cdp, origins)
  if (profile.httpAuth !== null) await answerAuth(cdp, origins, profile.httpAuth, values)
}

async function trust(cdp: CDPSession, origins: ReadonlySet<string>): Promise<void> {
  cdp.on('Security.certificateError', ({ eventId, requestURL }) => {
    const action = origins.has(URL.parse(requestURL)?.origin ?? '') ? 'continue' : 'cancel'
    cdp.send('Security.handleCertificateError', { eventId, action }).catch(() => undefined)
  })
  await cdp.send('Security.enable')
  await cdp.send('Security.setOverrideCertificateErrors', { override: true })
}

async function answerAuth(
  cdp: CDPSession,
  origins: ReadonlySet<string>,
  auth: NonNullable<SiteProfile['httpAuth']>,
  values: () => Promise<Values>,
): Promise<void> {
  /** A site that asks twice has refused the first answer. */
  const answered = new Set<string>()
  cdp.on('Fetch.requestPaused', ({ requestId }) => void cdp.send('Fetch.continueRequest', { requestId }).catch(() => undefined))
  cdp.on('Fetch.authRequired', ({ requestId, authChallenge }) => {
    const isOurs = authChallenge.source !== 'Proxy' && origins.has(authChallenge.origin)
    const reply = async (): Promise<void> => {
      if (!isOurs || answered.has(requestId)) {
        const response = isOurs ? 'CancelAuth' : 'Default'
        return void (await cdp.send('Fetch.continueWithAuth', { requestId, authChallengeResponse: { response } }))
      }
      answered.add(requestId)
      const known = await values()
      const [username, password] = [fillIn(auth.username, known, String), fillIn(auth.password, known, String)]
      await cdp.send('Fetch.continueWithAuth', { requestId, authChallengeResponse: { response: 'ProvideCredentials', username, password } })
    }
    reply().catch(() => undefined)
  })
  await cdp.send('Fetch.enable', { handleAuthRequests: true, patterns: [...origins].map((origin) => ({ urlPattern: `${origin}/*` })) })
}
