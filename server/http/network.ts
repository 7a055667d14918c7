/** Addresses: which are this machine, which are ours, which port is free. */
import { createServer, isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'

/** The peer's address without the IPv4-in-IPv6 mapping. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
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
  return outside.toSorted((a, b) => a.family.localeCompare(b.family)).map((entry) => entry.address)
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
