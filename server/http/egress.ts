/**
 * Judges where Wheelhouse may connect to on somebody's behalf.
 *
 * What holds, in this order:
 * - Wheelhouse's own listeners are never reached, under none of this machine's addresses, whatever the settings say.
 * - What a person with *control:manage* wrote down opens its own origin (scheme, host and port) and nothing beside it.
 * - Public addresses may be reached, and ranges that the settings allow. Nothing else.
 *
 * The addresses that were judged are the ones connected to: a name that means another address a moment later gains nothing.
 */
import { lookup } from 'node:dns'
import { isIP, type BlockList, type LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Fault, KernelFault } from '../fault.ts'
import { endsOf, kindOf, plainIp, rangesOf, type AddressKind } from './address-kinds.ts'

export interface ResolvedAddress {
  address: string
  family: number
}

/** Where a caller's connection goes. */
export interface Destination {
  /** A name or an address, in brackets or not. */
  host: string
  port: number
  /** Null where it cannot be seen, as in a tunnel. */
  protocol: 'http:' | 'https:' | null
}

export interface EgressOptions {
  /** Networks beside the public ones, e.g. `127.0.0.0/8`. */
  allowedRanges(): readonly string[]
  /** Rejects as `dns.lookup` does. */
  resolve?(name: string): Promise<ResolvedAddress[]>
  /** This machine's addresses on its networks. */
  machineAddresses?(): readonly string[]
  /** Origins under which others reach this server through a proxy. */
  publicOrigins?(): readonly string[]
}

const itself = 'Wheelhouse itself'

export class Egress {
  readonly #options: EgressOptions
  /** How many listeners have each port. */
  readonly #ownPorts: Map<number, number>
  #allowed: { ranges: readonly string[]; list: BlockList } = { ranges: [], list: rangesOf([]) }

  constructor(options: EgressOptions, ownPorts = new Map<number, number>()) {
    this.#options = options
    this.#ownPorts = ownPorts
  }

  /** To be called by whatever opens a port of this process; the answer is to be called when it closes. */
  addListener(port: number): () => void {
    this.#ownPorts.set(port, (this.#ownPorts.get(port) ?? 0) + 1)
    let open = true
    return () => {
      if (!open) return
      open = false
      const left = (this.#ownPorts.get(port) ?? 1) - 1
      if (left === 0) this.#ownPorts.delete(port)
      else this.#ownPorts.set(port, left)
    }
  }

  /** The same judge for callers that may reach these ranges too. */
  withRanges(more: () => readonly string[]): Egress {
    return new Egress({ ...this.#options, allowedRanges: () => [...this.#options.allowedRanges(), ...more()] }, this.#ownPorts)
  }

  /** What can be said of an address before anything is looked up. Throws `address-refused`. */
  check(url: string | URL, opens: readonly string[] = []): void {
    const target = new URL(url)
    const destination = { host: target.hostname, port: portOf(target), protocol: protocolOf(target) }
    this.#refuseOwnName(destination)
    const literal = literalOf(destination.host)
    if (literal !== null) this.judge(literal, destination, opens)
  }

  /** The addresses of a host, each of them judged. Throws `address-refused`, and what looking up the name throws. */
  async addresses(destination: Destination, opens: readonly string[] = []): Promise<ResolvedAddress[]> {
    this.#refuseOwnName(destination)
    const literal = literalOf(destination.host)
    const found = literal ?? (await (this.#options.resolve ?? lookUp)(bare(destination.host)))
    this.judge(found, destination, opens)
    return found
  }

  /** Whether these addresses of a host, which was judged before, may still be reached. Throws `address-refused`. */
  judge(found: readonly ResolvedAddress[], destination: Destination, opens: readonly string[]): void {
    const machine = new Set([...(this.#options.machineAddresses ?? addressesHere)()].flatMap((address) => plainIp(address) ?? []))
    const isHere = (address: string): boolean =>
      machine.has(address) || ['a loopback address', 'an unspecified address'].includes(kindOf(address))
    const isWritten = opens.some((origin) => isOrigin(origin, destination))
    if (found.length === 0) throw refused(destination, 'a name without an address')
    for (const { address } of found) {
      const plain = plainIp(address)
      if (plain === null) throw refused(destination, 'a name without an address')
      if (this.#ownPorts.has(destination.port) && endsOf(plain).some(isHere)) throw refused(destination, itself)
      if (isWritten || this.#isAllowed(plain)) continue
      const kind = kindOf(plain)
      if (kind !== 'public') throw refused(destination, kind)
      // Its public address too: what listens there for its own networks is not for a caller.
      if (machine.has(plain)) throw refused(destination, 'this machine')
    }
  }

  #isAllowed(address: string): boolean {
    const ranges = this.#options.allowedRanges()
    if (ranges.length === 0) return false
    if (ranges.length !== this.#allowed.ranges.length || ranges.some((range, index) => range !== this.#allowed.ranges[index]))
      this.#allowed = { ranges, list: rangesOf(ranges) }
    return this.#allowed.list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }

  /** Through a proxy in front of it this server is reached under a name that says nothing. */
  #refuseOwnName(destination: Destination): void {
    if (this.#options.publicOrigins?.().some((origin) => isOrigin(origin, destination)) === true) throw refused(destination, itself)
  }
}

/** For who may reach everything but Wheelhouse itself. */
export const everyRange: readonly string[] = ['0.0.0.0/0', '::/0']

/** The origin of an address as `opens` takes it; nothing for what is no web address. */
export function originsOf(addresses: readonly (string | null | undefined)[]): string[] {
  return [...new Set(addresses.flatMap((address) => URL.parse(address ?? '')?.origin ?? []))].filter((origin) => origin !== 'null')
}

/** Answers with these addresses whatever is asked. */
export function pinned(found: readonly ResolvedAddress[]): LookupFunction {
  return (_host, options, answer) => {
    const wanted = options.family === 4 || options.family === 6 ? found.filter(({ family }) => family === options.family) : [...found]
    const [first] = wanted
    if (first === undefined)
      return answer(Object.assign(new Error('The host has no address of the kind asked for'), { code: 'ENOTFOUND' }), '', 0)
    if (options.all === true) answer(null, wanted)
    else answer(null, first.address, first.family)
  }
}

export function portOf({ protocol, port }: Pick<URL, 'protocol' | 'port'>): number {
  return port === '' ? (protocol === 'https:' || protocol === 'wss:' ? 443 : 80) : Number(port)
}

const protocolOf = ({ protocol }: URL): Destination['protocol'] => (protocol === 'http:' || protocol === 'https:' ? protocol : null)

/** Without brackets and the dot of a full name. */
const bare = (host: string): string =>
  host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()

/**
 * The address that a host is without anybody being asked, in whichever way it is written (`2130706433`, `0x7f.1`, `127.0.0.1.`); null for
 * other names.
 */
function literalOf(host: string): ResolvedAddress[] | null {
  const name = bare(host)
  if (isIP(name) !== 0) return [{ address: name, family: isIP(name) }]
  // Browsers and this machine's resolver need not agree on it, and both mean this machine.
  if (name === 'localhost' || name.endsWith('.localhost'))
    return [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]
  const read = URL.parse(`http://${name}`)?.hostname ?? ''
  return isIP(read) === 4 ? [{ address: read, family: 4 }] : null
}

function isOrigin(origin: string, { host, port, protocol }: Destination): boolean {
  const url = new URL(origin)
  return bare(url.hostname) === bare(host) && portOf(url) === port && (protocol === null || protocol === url.protocol)
}

/** `what` in words that follow "is". */
function refused(
  { host, port }: Destination,
  what: Exclude<AddressKind, 'public'> | typeof itself | 'this machine' | 'a name without an address',
): Fault {
  const shown = `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
  const hint = what === itself ? '' : '; Settings, Network can allow its range'
  return new KernelFault('address-refused', `${shown} may not be reached: it is ${what}${hint}`, { kind: what })
}

const addressesHere = (): string[] => Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))

function lookUp(name: string): Promise<ResolvedAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, found) => (error === null ? resolve(found) : reject(error)))
  })
}
