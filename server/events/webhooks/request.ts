/** One signed POST to an address somebody gave us, which must not become a way into the network we stand in. */
import { createHmac } from 'node:crypto'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { pinned, portOf, type Egress } from '../../http/egress.ts'
import { basicAuthorization } from '../../http/userinfo.ts'

export interface WebhookRequest {
  /** Without a name and password; they stand beside it. */
  url: string
  /** `user:password`. */
  userinfo: string | null
  id: string
  body: string
  secret: string
  /** Unix seconds. */
  timestamp: number
  egress: Egress
  /** Ms. */
  timeout: number
  signal: AbortSignal
}

/** The signature of the Standard Webhooks specification. */
export function signature({ id, timestamp, body, secret }: Pick<WebhookRequest, 'id' | 'timestamp' | 'body' | 'secret'>): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

/** Resolves with the status; redirects are not followed. Rejects when there was no answer, and with `address-refused`. */
export async function postWebhook(wanted: WebhookRequest): Promise<number> {
  const { url, userinfo, id, body, timestamp, egress, timeout, signal } = wanted
  const target = new URL(url)
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'Wheelhouse',
    ...(userinfo === null ? {} : { authorization: basicAuthorization(userinfo) }),
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signature(wanted),
  }
  const protocol = target.protocol === 'https:' ? 'https:' : 'http:'
  const addresses = await egress.addresses({ host: target.hostname, port: portOf(target), protocol })
  // Of the whole exchange: a receiver that says a byte now and then must not hold up the others.
  const deadline = AbortSignal.timeout(timeout)
  const late = (): Error => new Error(`no answer within ${timeout / 1_000} s`)
  return new Promise((resolve, reject) => {
    const send = protocol === 'https:' ? requestHttps : requestHttp
    const request = send(
      target,
      { method: 'POST', headers, agent: false, signal: AbortSignal.any([signal, deadline]), timeout, lookup: pinned(addresses) },
      (response) => {
        resolve(response.statusCode ?? 0)
        // What follows the status is nobody's; how it ends neither.
        response.on('error', () => {}).resume()
      },
    )
    request.once('timeout', () => request.destroy(late()))
    // Every time: an error without a listener would be anybody's.
    request.on('error', (error) => reject(deadline.aborted ? late() : error))
    request.end(body)
  })
}
