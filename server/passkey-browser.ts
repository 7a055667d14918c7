/**
 * A visible Chromium in which a person uses their WhatsApp passkey. Its one page bears WhatsApp's address, because a passkey answers to no
 * other, and is served from here: nothing is loaded from anywhere. The passkey stays with the person; what comes back is one assertion.
 */
import { mkdir, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page, Protocol } from 'puppeteer-core'
import type { Authenticator } from './bots/pairing/passkey.ts'
import { launchBrowser } from './browsers/process/launch.ts'
import { removeProfile } from './browsers/process/profile-directory.ts'

export interface PasskeyBrowserOptions {
  /** The path of a Chromium. Throws words for a person when there is none. */
  executable(): Promise<string>
  /** Where its profile is made: among those of the sessions, which the next start clears of what a kill left. */
  profilesDir: string
  /** For tests: no window, and a virtual authenticator in place of the person. */
  test?: { prepare(page: Page): Promise<void> }
}

const closedWords = 'The browser was closed before the passkey was used'
const address = 'https://web.whatsapp.com/'

export function createPasskeyBrowser({ executable, profilesDir, test }: PasskeyBrowserOptions): Authenticator {
  return {
    async assert(options, signal) {
      if (test === undefined && process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY'])
        throw new Error('A passkey is used in a browser window, and this machine has no screen')
      const path = await executable()
      await mkdir(profilesDir, { recursive: true, mode: 0o700 })
      const profileDir = await mkdtemp(join(profilesDir, 'passkey-'))
      const running = await launchBrowser({ executable: path, profileDir, headless: test !== undefined, signal }).catch(
        async (error: unknown) => {
          await discard(profileDir)
          throw error
        },
      )
      const { promise: outcome, resolve, reject } = Promise.withResolvers<string>()
      // It may be over before anybody waits for it, which must not end the server.
      outcome.catch(() => {})
      let reason: Error | null = null
      const fail = (words: string): void => {
        reason ??= new Error(words)
        reject(reason)
      }
      const ended = (): void => fail('The linking has ended')
      signal.addEventListener('abort', ended, { once: true })
      try {
        if (signal.aborted) ended()
        void running.gone.then(() => fail(closedWords))
        const [page = await running.puppeteer.newPage()] = await running.puppeteer.pages()
        page.once('close', () => fail(closedWords))
        page.once('error', () => fail('The page of the passkey has crashed'))
        await servePage(page, options)
        await test?.prepare(page)
        await page.exposeFunction('wheelhouseAnswer', resolve)
        await page.goto(address)
        return await outcome
      } catch (error) {
        // A page whose browser goes says less than we know.
        throw reason ?? (running.puppeteer.connected ? error : new Error(closedWords))
      } finally {
        signal.removeEventListener('abort', ended)
        await running.close(1_000)
        await discard(profileDir)
      }
    },
  }
}

/** What cannot be removed now the next start removes; it must not come in the place of what the passkey said. */
async function discard(profileDir: string): Promise<void> {
  await removeProfile(profileDir).catch(() => undefined)
}

/** Every request of the page ends here: the one for the page is answered, all others fail. */
async function servePage(page: Page, options: string): Promise<void> {
  const cdp = await page.createCDPSession()
  cdp.on('Fetch.requestPaused', ({ requestId, request }: Protocol.Fetch.RequestPausedEvent) => {
    const answer =
      request.url === address
        ? cdp.send('Fetch.fulfillRequest', {
            requestId,
            responseCode: 200,
            responseHeaders: [
              { name: 'content-type', value: 'text/html; charset=utf-8' },
              { name: 'content-security-policy', value: policy },
            ],
            body: Buffer.from(pageFor(options)).toString('base64'),
          })
        : cdp.send('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' })
    // The page may have gone meanwhile.
    answer.catch(() => {})
  })
  await cdp.send('Fetch.enable', { patterns: [{ urlPattern: '*' }] })
}

const policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"

function pageFor(options: string): string {
  // In a script element `<` could end it.
  const literal = JSON.stringify(options).replace(/</g, '\\u003c')
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Use your WhatsApp passkey</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
  body { max-width: 30rem; margin: 18vh auto; padding: 0 1.5rem }
  h1 { font-size: 1.25rem; font-weight: 600 }
  button { font: inherit; padding: .5rem 1rem; border-radius: .5rem; border: 1px solid; background: none; cursor: pointer }
  small, output { display: block; margin-top: 1.25rem; opacity: .75 }
</style>
<h1>Use your WhatsApp passkey</h1>
<p>WhatsApp wants to know that it is you who links this device. Use the passkey of the account: from this computer, a security key, or the phone.</p>
<button autofocus>Use the passkey</button>
<output></output>
<small>This page comes from Wheelhouse on this computer. Nothing was loaded from WhatsApp; only the answer of the passkey is sent there.</small>
<script>
  const words = document.querySelector('output')
  async function use() {
    words.textContent = ''
    try {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(${literal}))
      const credential = await navigator.credentials.get({ publicKey })
      words.textContent = 'Done. This window closes by itself.'
      await window.wheelhouseAnswer(JSON.stringify(credential))
    } catch (error) {
      words.textContent = error.name === 'NotAllowedError' ? 'The passkey was not used. Try again when you are ready.' : 'That did not work: ' + error.message
    }
  }
  document.querySelector('button').addEventListener('click', use)
  use()
</script>
`
}
