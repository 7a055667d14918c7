/** One signed POST to an address somebody gave us, which must not become a way into the network we stand in. */
import { lookup as lookUpName } from 'node:dns'
import { createHmac } from 'node:crypto'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net'

export interface WebhookRequest {
  url: string
  id: string
  body: string
  secret: string
  /** Unix seconds. */
  timestamp: number
  /** Lets it go to addresses of this machine and of private networks. */
  allowPrivate: boolean
  /** Ms. */
  timeout: number
  signal: AbortSignal
}

/** Not public, or not a place for a request of ours: loopback, private, link-local (the metadata services of clouds), shared, test, multicast. */
const closed = new BlockList()
for (const [network, bits] of [['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 3]] as const) closed.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [['::', 127], ['64:ff9b::', 96], ['64:ff9b:1::', 48], ['100::', 64], ['2001:db8::', 32], ['2002::', 16], ['fc00::', 7], ['fe80::', 10], ['ff00::', 8]] as const) closed.addSubnet(network, bits, 'ipv6')

export function isPublicAddress(address: string): boolean {
  return !closed.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** The signature of the Standard Webhooks specification. */
export function signature({ id, timestamp, body, secret }: Pick<WebhookRequest, 'id' | 'timestamp' | 'body' | 'secret'>): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

/** Resolves with the status; redirects are not followed. Rejects when there was no answer. */
export function postWebhook(wanted: WebhookRequest): Promise<number> {
  const { url, id, body, timestamp, allowPrivate, timeout, signal } = wanted
  const target = new URL(url)
  const host = target.hostname.replace(/^\[|\]$/g, '')
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) return Promise.reject(privateAddress(host))
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'user-agent': 'Wheelhouse', 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature(wanted) }
  return new Promise((resolve, reject) => {
    const send = target.protocol === 'https:' ? requestHttps : requestHttp
    const request = send(target, { method: 'POST', headers, agent: false, signal, timeout, ...(allowPrivate ? {} : { lookup: lookUpPublic }) }, (response) => {
      response.resume()
      response.once('error', reject).once('end', () => resolve(response.statusCode ?? 0))
    })
    request.once('timeout', () => request.destroy(new Error(`no answer within ${timeout / 1_000} s`)))
    request.once('error', reject)
    request.end(body)
  })
}

/** Judges the very addresses that are connected to: a name that resolves to another one a moment later gains nothing. */
const lookUpPublic: LookupFunction = (name, options, answer) => {
  lookUpName(name, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return answer(error, '', 0)
    const refused = addresses.find(({ address }) => !isPublicAddress(address))
    if (refused !== undefined) return answer(privateAddress(refused.address), '', 0)
    const [first] = addresses
    if (options.all === true) answer(null, addresses)
    else answer(null, first?.address ?? '', first?.family)
  })
}

function privateAddress(address: string): Error {
  return new Error(`${address} is not a public address; the settings can allow private ones`)
}
