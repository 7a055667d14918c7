/**
 * Solves captchas through a 2captcha-compatible service. Speaks `in.php` and `res.php`, because every such service does, at the very
 * address people know (the newer JSON interface lives at another host and few others offer it). `res.php` wants the key in its
 * query, so no request line of ours may reach an error or a log.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { withDeadline } from '../../async/deadline.ts'
import type { Fault } from '../../fault.ts'
import type { Fetch } from '../../http/egress-fetch.ts'
import { BrowserFault } from '../fault.ts'
import { plainText } from '../../plain-text.ts'

export type Captcha = { kind: 'recaptcha-v2'; siteKey: string; pageUrl: string } | { kind: 'image'; base64: string }

/** Answers with the text for the form. Throws a fault `captcha-failed`, or the signal's reason when aborted. */
export type SolveCaptcha = (captcha: Captcha, apiKey: string, signal: AbortSignal) => Promise<string>

export interface CaptchaSolver {
  solve: SolveCaptcha
}

export interface CaptchaClientOptions {
  /** Base address of the service. */
  address: string
  /** How long one captcha may take, in ms. */
  timeout: number
  /** The most between two questions whether the answer is there, in ms; the services ask for five seconds. */
  pollEvery?: number
  /** Judges where the service is. */
  fetch: Fetch
}

export function createCaptchaClient(options: CaptchaClientOptions): CaptchaSolver {
  const { timeout, pollEvery = 5_000, fetch: send } = options
  const base = options.address.replace(/\/+$/, '')

  return {
    solve: (captcha, apiKey, signal) =>
      withDeadline(
        timeout,
        signal,
        async (either) => {
          const id = await submit(captcha, apiKey, either)
          // Sooner at first: pictures are often read within a second or two.
          for (let pause = 500; ; pause *= 2) {
            await wait(Math.min(pause, pollEvery), undefined, { signal: either })
            const answer = await ask(id, apiKey, either)
            if (answer !== null) return answer
          }
        },
        () => new BrowserFault('captcha-failed', `The captcha was not solved within ${timeout / 1_000} s`),
      ),
  }

  async function submit(captcha: Captcha, apiKey: string, signal: AbortSignal): Promise<string> {
    const task: Record<string, string> =
      captcha.kind === 'image'
        ? { method: 'base64', body: captcha.base64 }
        : { method: 'userrecaptcha', googlekey: captcha.siteKey, pageurl: captcha.pageUrl }
    const reply = await call(`${base}/in.php`, signal, { method: 'POST', body: new URLSearchParams({ key: apiKey, json: '1', ...task }) })
    if (!reply.ok) throw refused(reply.text)
    return reply.text
  }

  /** The answer, null while it is not ready. */
  async function ask(id: string, apiKey: string, signal: AbortSignal): Promise<string | null> {
    const query = new URLSearchParams({ key: apiKey, action: 'get', id, json: '1' })
    const reply = await call(`${base}/res.php?${query.toString()}`, signal, {})
    if (reply.ok) return reply.text
    if (reply.text === 'CAPCHA_NOT_READY') return null
    throw refused(reply.text)
  }

  async function call(url: string, signal: AbortSignal, init: RequestInit): Promise<{ ok: boolean; text: string }> {
    let response: Response
    let text: string
    try {
      response = await send(url, { ...init, signal, redirect: 'error' })
      text = await response.text()
    } catch {
      // The error of `fetch` may quote the address, and with it the key; so it is neither kept nor shown.
      signal.throwIfAborted()
      throw new BrowserFault('captcha-failed', `The captcha service at ${new URL(base).host} cannot be reached`)
    }
    const reply = readReply(text)
    if (reply === null)
      throw new BrowserFault(
        'captcha-failed',
        `The captcha service at ${new URL(base).host} gave an answer that makes no sense (status ${response.status})`,
      )
    return reply
  }
}

/** Services differ in whether they heed `json=1`; both forms mean the same. */
function readReply(text: string): { ok: boolean; text: string } | null {
  const plain = text.trim()
  if (plain.startsWith('OK|') && plain.length > 3) return { ok: true, text: plain.slice(3) }
  if (/^[A-Z][A-Z_]{3,60}$/.test(plain)) return { ok: false, text: plain }
  try {
    const reply: unknown = JSON.parse(plain)
    if (typeof reply !== 'object' || reply === null || !('status' in reply) || !('request' in reply)) return null
    const words = plainText(reply.request)
    return words === '' ? null : { ok: Number(reply.status) === 1, text: words }
  } catch {
    return null
  }
}

const reasons: Readonly<Record<string, string>> = {
  ERROR_WRONG_USER_KEY: 'the captcha key has the wrong form',
  ERROR_KEY_DOES_NOT_EXIST: 'it does not know the captcha key',
  ERROR_ZERO_BALANCE: 'the account has no money left',
  ERROR_NO_SLOT_AVAILABLE: 'it is too busy to take the captcha',
  ERROR_CAPTCHA_UNSOLVABLE: 'the captcha could not be solved',
  ERROR_GOOGLEKEY: 'the site key is not valid',
  ERROR_PAGEURL: 'the address of the page is missing',
  ERROR_BAD_TOKEN_OR_PAGEURL: 'the site key does not belong to the page',
  ERROR_WRONG_CAPTCHA_ID: 'it has lost the captcha',
  ERROR_ZERO_CAPTCHA_FILESIZE: 'the picture is empty',
  ERROR_TOO_BIG_CAPTCHA_FILESIZE: 'the picture is too large',
  ERROR_IP_NOT_ALLOWED: 'it does not serve this network address',
  IP_BANNED: 'it has blocked this network address for a while',
}

function refused(code: string): Fault {
  // Only a code is repeated: free words of a service could quote the key back.
  const known = /^[A-Z][A-Z_]{3,60}$/.test(code) ? code : 'unknown error'
  return new BrowserFault('captcha-failed', `The captcha service refused: ${reasons[known] ?? known}`, { service: known })
}
