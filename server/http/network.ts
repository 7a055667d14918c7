/** Addresses: which are this machine, which are ours, which port is free. */
import type { IncomingMessage } from 'node:http'
import { BlockList, createServer, isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { inOrder } from '../order.ts'

/** The peer's address without the IPv4-in-IPv6 mapping. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

/** Whether an address is one of those, or of those networks (`10.0.0.0/24`), that the list names at this moment. */
export function createAddressSet(list: () => readonly string[]): (address: string) => boolean {
  let known: { list: readonly string[]; set: BlockList } = { list: [], set: new BlockList() }
  return (address) => {
    const named = list()
    if (named.length === 0) return false
    if (known.list !== named) known = { list: named, set: blockListOf(named) }
    const family = isIP(address)
    return family !== 0 && known.set.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}

function blockListOf(named: readonly string[]): BlockList {
  const set = new BlockList()
  for (const each of named) {
    const [address = '', bits] = each.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) set.addAddress(address, family)
    else set.addSubnet(address, Number(bits), family)
  }
  return set
}

/**
 * Whom a request comes from: its peer, or, when that is a proxy that is trusted, whom it names in `X-Forwarded-For`. Every proxy adds its
 * own peer at the end, so the list is read from there, and only as far as it was written by trusted ones: what stands before may be
 * anybody's invention.
 */
export function clientAddress(request: IncomingMessage, isTrusted: (address: string) => boolean): string {
  let address = plainAddress(request.socket.remoteAddress)
  const { 'x-forwarded-for': forwarded } = request.headers
  if (forwarded === undefined) return address
  const hops = String(forwarded).split(',')
  while (isTrusted(address)) {
    const next = plainAddress(hops.pop()?.trim())
    if (isIP(next) === 0) break
    address = next
  }
  return address
}

/**
 * What the caller has called, e.g. `https://house.example` or `https://house.example/house`: as the request says, or, where its peer is a
 * proxy that is trusted, as that says in `X-Forwarded-Proto`, `-Host` and `-Prefix`. Of several values the first is what the caller saw.
 * `publicUrl` tells the scheme of the host that it names.
 */
export function calledOrigin(request: IncomingMessage, isTrusted: (address: string) => boolean, publicUrl: URL | null): string {
  const forwarded = isTrusted(plainAddress(request.socket.remoteAddress)) ? request.headers : {}
  const first = (value: string | string[] | undefined): string =>
    String(value ?? '')
      .split(',', 1)[0]
      ?.trim() ?? ''
  const named = first(forwarded['x-forwarded-host'])
  const host = hostOf(named) === '' ? (request.headers.host ?? '') : named
  const proto = first(forwarded['x-forwarded-proto']).toLowerCase()
  const usual = publicUrl?.host === host.toLowerCase() ? publicUrl.protocol.replace(':', '') : 'http'
  const scheme = proto === 'https' || proto === 'http' ? proto : usual
  const prefix = first(forwarded['x-forwarded-prefix']).replace(/\/+$/, '')
  return `${scheme}://${host}${/^(?:\/[\w.~-]+)+$/.test(prefix) ? prefix : ''}`
}

export function isLoopback(address: string): boolean {
  return address === '::1' || /^127(\.\d{1,3}){3}$/.test(address) || address === 'localhost'
}

/** The host of a Host header or authority without port and brackets, in lower case; empty when it cannot be read. */
export function hostOf(authority: string): string {
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::\d{1,5})?$/.exec(authority)
  if (bracketed?.[1] !== undefined) return bracketed[1].toLowerCase()
  const plain = /^([^:/@\s[\]]+)(?::\d{1,5})?$/.exec(authority)
  return plain?.[1]?.toLowerCase() ?? ''
}

/** Names under which this machine may be called from outside: its addresses and its own name. */
export function isOwnName(host: string): boolean {
  const name = hostname().toLowerCase()
  return isIP(host) !== 0 || host === name || host === `${name}.local`
}

/** The machine's addresses on its networks, IPv4 first: where LAN clients find it. */
export function lanAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const outside = all.filter((entry) => !entry.internal && !entry.address.startsWith('fe80:'))
  return outside.toSorted((a, b) => inOrder(a.family, b.family)).map((entry) => entry.address)
}

/** `http://host:port`, an IPv6 address in brackets. */
export function httpUrl(host: string, port: number): string {
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`
}

/** The next port above `port` on which this host can be bound; null when a hundred in a row are taken. */
export async function nextFreePort(host: string, port: number): Promise<number | null> {
  for (let candidate = port + 1; candidate <= Math.min(port + 100, 65_535); candidate += 1) {
    if (await canBind(host, candidate)) return candidate
  }
  return null
}

function canBind(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}
