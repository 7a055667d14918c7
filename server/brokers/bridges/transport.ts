/** The way to another broker: TCP, TLS or WebSocket, to an address that the rules of the house were asked about. */
import { once } from 'node:events'
import { connect as connectTcp, isIP, type LookupFunction } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, createSecureContext, type ConnectionOptions } from 'node:tls'
import { createWebSocketStream, WebSocket } from 'ws'
import { pinned, type Egress } from '../../http/egress.ts'
import { BrokerFault } from '../fault.ts'
import { reasonOf } from '../../isolation.ts'
import { LineProblem } from './problems.ts'

/** How the other broker shows who it is, and we to it. */
export interface TlsSettings {
  ca: string | null
  certificate: string | null
  key: string | null
  serverName: string | null
  alpn: readonly string[]
  insecure: boolean
}

export interface Way {
  /** `mqtt:`, `mqtts:`, `ws:` or `wss:`. */
  address: string
  tls: TlsSettings
  egress: Pick<Egress, 'addresses'>
  /** Somebody who may open addresses wrote it down. */
  isOpened: boolean
}

const usualPorts: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883, 'ws:': 80, 'wss:': 443 }

export interface Target {
  host: string
  port: number
  isSecure: boolean
  isWebSocket: boolean
}

export function targetOf(address: string): Target {
  const { hostname, port, protocol } = new URL(address)
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (usualPorts[protocol] ?? 0) : Number(port),
    isSecure: protocol === 'mqtts:' || protocol === 'wss:',
    isWebSocket: protocol === 'ws:' || protocol === 'wss:',
  }
}

/** The one origin that is opened by writing the address down. */
export function originOf(address: string): string {
  const { host, port } = targetOf(address)
  return `mqtt://${isIP(host) === 6 ? `[${host}]` : host}:${port}`
}

/** Throws `bridge-tls-invalid` for what no connection could be made with. */
export function checkTls({ ca, certificate, key }: Pick<TlsSettings, 'ca' | 'certificate' | 'key'>): void {
  if ((certificate === null) !== (key === null))
    throw new BrokerFault('bridge-tls-invalid', 'A client certificate and its private key belong together: give both')
  for (const [what, given] of [
    ['The authority', ca === null ? null : { ca }],
    ['The client certificate', certificate === null ? null : { cert: certificate, ...(key === null ? {} : { key }) }],
  ] as const) {
    if (given === null) continue
    try {
      createSecureContext(given)
    } catch (error) {
      throw new BrokerFault('bridge-tls-invalid', `${what} cannot be used: ${reasonOf(error)}`)
    }
  }
}

/** An open stream, or what went wrong. `found` hears what was learnt on the way. */
export async function openWay(way: Way, signal: AbortSignal, found: (step: string) => void = () => undefined): Promise<Duplex> {
  const { host, port, isSecure, isWebSocket } = targetOf(way.address)
  const addresses = await way.egress.addresses({ host, port, protocol: null }, way.isOpened ? [originOf(way.address)] : [])
  signal.throwIfAborted()
  if (isIP(host) === 0) found(`${host} is ${addresses.map(({ address }) => address).join(', ')}`)
  const lookup = pinned(addresses)
  const stream = isWebSocket ? webSocket(way, lookup) : isSecure ? connectTls(tlsOptions(way, lookup)) : connectTcp({ host, port, lookup })
  // What comes after the first error is of no more interest, but must be heard by somebody.
  stream.on('error', () => undefined)
  const cut = (): void => void (stream instanceof WebSocket ? stream.terminate() : stream.destroy())
  signal.addEventListener('abort', cut)
  try {
    await once(stream, stream instanceof WebSocket ? 'open' : isSecure ? 'secureConnect' : 'connect', { signal })
  } catch (error) {
    cut()
    signal.throwIfAborted()
    // Before the handshake was over; brokers without TLS on that port do so.
    if (isSecure && error instanceof Error && 'code' in error && error.code === 'ECONNRESET')
      throw new LineProblem('closed', 'The connection was cut during the TLS handshake: perhaps no TLS is spoken on that port')
    throw error
  } finally {
    signal.removeEventListener('abort', cut)
  }
  found(isSecure ? `connected with TLS to port ${port}` : `connected to port ${port}`)
  if (!(stream instanceof WebSocket)) {
    stream.setNoDelay(true)
    return stream
  }
  return createWebSocketStream(stream)
}

function webSocket(way: Way, lookup: LookupFunction): WebSocket {
  const { host: _, port: __, ...options } = tlsOptions(way, lookup)
  return new WebSocket(way.address, 'mqtt', { ...options, perMessageDeflate: false, followRedirects: false })
}

function tlsOptions({ address, tls }: Way, lookup: LookupFunction): ConnectionOptions & { lookup: LookupFunction } {
  const { host, port, isWebSocket } = targetOf(address)
  const { ca, certificate, key, serverName, alpn, insecure } = tls
  return {
    ...{ host, port, lookup },
    ...(ca === null ? {} : { ca }),
    ...(certificate === null || key === null ? {} : { cert: certificate, key }),
    ...(serverName === null ? (isIP(host) === 0 ? { servername: host } : {}) : { servername: serverName }),
    ...(alpn.length === 0 || isWebSocket ? {} : { ALPNProtocols: [...alpn] }),
    rejectUnauthorized: !insecure,
  }
}
