/**
 * Going on to the network through a proxy that was chosen for a session: HTTP or HTTPS with CONNECT (RFC 9110), SOCKS5 (RFC 1928, 1929).
 */
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { pinned, type ResolvedAddress } from '../../http/egress.ts'
import type { Proxy } from '../contract/setup.ts'
import { BrowserFault } from '../fault.ts'
import { reader, type Reader } from './socks.ts'

/** Where the proxy is to lead; a name is looked up by the proxy. */
export interface Beyond {
  host: string
  port: number
}

/** More than any proxy says before a tunnel stands. */
const mostHead = 16_384

/** The place beyond could not be reached; the proxy itself is well. */
export class BeyondFailed extends Error {
  /** In the system's codes. */
  readonly code: string

  constructor(code: string, words: string) {
    super(words)
    this.code = code
  }
}

/**
 * A socket to the place beyond, paused, on which nothing has been read. `addresses`: of the proxy, judged. Throws `proxy-failed` in
 * words, or `BeyondFailed`. `onSocket` hears of every socket as soon as it exists, so that its owner can destroy it.
 */
export async function connectThrough(
  proxy: Proxy,
  addresses: readonly ResolvedAddress[],
  beyond: Beyond,
  { patience, onSocket }: { patience: number; onSocket(socket: Socket): void },
): Promise<Socket> {
  const raw = connect({
    host: proxy.host,
    port: proxy.port,
    lookup: pinned(addresses),
    noDelay: true,
    keepAlive: true,
    allowHalfOpen: true,
  })
  keep(raw, onSocket)
  let late = false
  const timer = setTimeout(() => {
    late = true
    raw.destroy()
  }, patience)
  let socket: Socket = raw
  try {
    await opened(raw, 'connect')
    if (proxy.kind === 'https') {
      socket = connectTls({ socket: raw, ...(isIP(proxy.host) === 0 ? { servername: proxy.host } : {}), ALPNProtocols: ['http/1.1'] })
      keep(socket, onSocket)
      await opened(socket, 'secureConnect')
    }
    const read = reader(socket)
    try {
      await (proxy.kind === 'socks5' ? askSocks(socket, read, proxy, beyond) : askHttp(socket, read, proxy, beyond))
    } finally {
      read.release()
    }
    return socket
  } catch (error) {
    socket.destroy()
    raw.destroy()
    if (error instanceof BeyondFailed || BrowserFault.is(error, 'proxy-failed')) throw error
    throw failed(proxy, late ? 'does not answer' : reasonOf(error), error)
  } finally {
    clearTimeout(timer)
  }
}

function keep(socket: Socket, onSocket: (socket: Socket) => void): void {
  // A reset is followed by `close`, which is what is waited for.
  socket.on('error', () => undefined)
  onSocket(socket)
}

function opened(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => {
      socket.off('error', reject)
      resolve()
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed')))
  })
}

async function askHttp(socket: Socket, { until }: Reader, proxy: Proxy, { host, port }: Beyond): Promise<void> {
  const place = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
  const login =
    proxy.username === '' ? '' : `Proxy-Authorization: Basic ${Buffer.from(`${proxy.username}:${proxy.password}`).toString('base64')}\r\n`
  socket.write(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n${login}\r\n`)
  const head = (await until('\r\n\r\n', mostHead)).toString('latin1')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1])
  if (!Number.isInteger(status)) throw failed(proxy, 'does not speak as an HTTP proxy does')
  if (status === 407) throw failed(proxy, proxy.username === '' ? 'asks for a user name and a password' : 'refuses these credentials')
  if (status === 400 || status === 405 || status === 501) throw failed(proxy, `does not take connections (it answers ${status})`)
  if (status < 200 || status > 299) throw new BeyondFailed(status === 504 ? 'ETIMEDOUT' : 'EPROXY', `The proxy answers ${status}`)
}

async function askSocks(socket: Socket, { read }: Reader, proxy: Proxy, { host, port }: Beyond): Promise<void> {
  const methods = proxy.username === '' ? [0] : [0, 2]
  socket.write(Buffer.from([5, methods.length, ...methods]))
  const [version, method] = await read(2)
  if (version !== 5) throw failed(proxy, 'does not speak as a SOCKS5 proxy does')
  if (method === 255) throw failed(proxy, proxy.username === '' ? 'asks for a user name and a password' : 'takes no user name and password')
  if (method === 2) {
    const [username, password] = [Buffer.from(proxy.username), Buffer.from(proxy.password)]
    socket.write(Buffer.concat([Buffer.from([1, username.length]), username, Buffer.from([password.length]), password]))
    const [, refused] = await read(2)
    if (refused !== 0) throw failed(proxy, 'refuses these credentials')
  }
  socket.write(Buffer.concat([Buffer.from([5, 1, 0]), socksAddress(host), Buffer.from([port >> 8, port & 255])]))
  const [, code = 1, , kind] = await read(4)
  const rest = kind === 1 ? 4 : kind === 4 ? 16 : ((await read(1))[0] ?? 0)
  await read(rest + 2)
  if (code !== 0) throw new BeyondFailed(socksCodes[code] ?? 'EPROXY', `The proxy answers ${code}`)
}

function socksAddress(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from([1, ...host.split('.').map(Number)])
  if (isIP(host) === 6) {
    const [before = '', after = ''] = host.split('::')
    const words = (text: string): number[] =>
      text
        .split(':')
        .filter(Boolean)
        .map((word) => parseInt(word, 16))
    const [head, tail] = [words(before), words(after)]
    const all = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
    return Buffer.from([4, ...all.flatMap((word) => [word >> 8, word & 255])])
  }
  const name = Buffer.from(host)
  return Buffer.concat([Buffer.from([3, name.length]), name])
}

const socksCodes: Readonly<Record<number, string>> = { 3: 'ENETUNREACH', 4: 'EHOSTUNREACH', 5: 'ECONNREFUSED', 6: 'ETIMEDOUT' }

function reasonOf(error: unknown): string {
  const code = error instanceof AggregateError ? codeOf(error.errors[0]) : codeOf(error)
  if (code === 'ETIMEDOUT') return 'does not answer'
  if (code === 'ECONNREFUSED') return 'refuses the connection'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'is not a known host name'
  if (/CERT|SELF_SIGNED|ALTNAME/.test(code)) return 'shows a certificate that this machine does not trust'
  if (/SSL|TLS|EPROTO/.test(code)) return 'does not speak HTTPS'
  return code === '' ? 'broke the connection off' : `cannot be reached (${code})`
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')

function failed({ host, port }: Proxy, what: string, cause?: unknown): Error {
  return new BrowserFault('proxy-failed', `The proxy ${host.includes(':') ? `[${host}]` : host}:${port} ${what}`, {}, { cause })
}
