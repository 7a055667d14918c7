/** One signed POST to an address somebody gave us, which must not become a way into the network we stand in. */
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { pinned, portOf, type Egress } from '../../http/egress.ts'
import { basicAuthorization } from '../../http/userinfo.ts'
import { firstWords, retryAfter } from './answer.ts'
import { signature, type Signed } from './signature.ts'

export interface WebhookRequest extends Signed {
  /** Without a name and password; they stand beside it. */
  url: string
  /** `user:password`. */
  userinfo: string | null
  /** Of the webhook's own. */
  headers?: Readonly<Record<string, string>>
  /** It goes out again because somebody asked for it. */
  replay?: boolean
  /** It is a sample. */
  test?: boolean
  egress: Egress
  /** Ms. */
  timeout: number
  signal: AbortSignal
}

export interface WebhookAnswer {
  status: number
  /** Its first bytes. */
  text: string
  /** Ms it asks to be left alone for; null when it does not. */
  retryAfter: number | null
}

/** All that is sent along, in small letters. */
export function headersOf({
  userinfo,
  headers,
  replay = false,
  test = false,
  ...signed
}: Pick<WebhookRequest, 'userinfo' | 'headers' | 'replay' | 'test'> & Signed): Record<string, string> {
  return {
    ...(userinfo === null ? {} : { authorization: basicAuthorization(userinfo) }),
    ...headers,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(signed.body)),
    'user-agent': 'Wheelhouse',
    'webhook-id': signed.id,
    'webhook-timestamp': String(signed.timestamp),
    'webhook-signature': signature(signed),
    ...(replay ? { 'webhook-replay': 'true' } : {}),
    ...(test ? { 'webhook-test': 'true' } : {}),
  }
}

/** The same as may be shown: of what could be worth something the names alone. */
export function shownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const ours = /^(content-type|content-length|user-agent|webhook-[a-z]+)$/
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, ours.test(name) ? value : '…']))
}

/** Redirects are not followed. Rejects when there was no answer, and with `address-refused`. */
export async function postWebhook(wanted: WebhookRequest): Promise<WebhookAnswer> {
  const { url, body, egress, timeout, signal } = wanted
  const target = new URL(url)
  const protocol = target.protocol === 'https:' ? 'https:' : 'http:'
  const addresses = await egress.addresses({ host: target.hostname, port: portOf(target), protocol })
  // Of the whole exchange: a receiver that says a byte now and then must not hold up the others.
  const deadline = AbortSignal.timeout(timeout)
  const late = (): Error => new Error(`no answer within ${timeout / 1_000} s`)
  return new Promise((resolve, reject) => {
    let answered = false
    const send = protocol === 'https:' ? requestHttps : requestHttp
    const request = send(
      target,
      {
        method: 'POST',
        headers: headersOf(wanted),
        agent: false,
        signal: AbortSignal.any([signal, deadline]),
        timeout,
        lookup: pinned(addresses),
      },
      (response) => {
        answered = true
        const status = response.statusCode ?? 0
        const wait = retryAfter(response.headers['retry-after'], Date.now())
        void firstWords(response).then((text) => resolve({ status, text, retryAfter: wait }))
      },
    )
    request.once('timeout', () => request.destroy(late()))
    // Every time: an error without a listener would be anybody's.
    request.on('error', (error) => {
      if (!answered) reject(deadline.aborted ? late() : error)
    })
    request.end(body)
  })
}
