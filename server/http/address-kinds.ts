/**
 * What kind of place an IP address is: public, or one that only this machine and its networks know. Sources: the IANA registries of
 * special-purpose addresses.
 */
import { BlockList, isIP } from 'node:net'

/** In words that follow "is". */
export type AddressKind = 'public' | (typeof kinds)[number]['words']

const kinds = [
  { words: 'a loopback address', v4: ['127.0.0.0/8'], v6: ['::1/128'] },
  { words: 'an unspecified address', v4: ['0.0.0.0/8'], v6: ['::/128'] },
  // The metadata services of clouds are here.
  { words: 'a link-local address', v4: ['169.254.0.0/16'], v6: ['fe80::/10'] },
  { words: 'a private address', v4: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'], v6: ['fc00::/7', 'fec0::/10'] },
  { words: 'a multicast address', v4: ['224.0.0.0/4'], v6: ['ff00::/8'] },
  // What comes out at the other end of these is an IPv4 address that somebody else's router reads: mapped to compatible, translated, 6to4,
  // Teredo, NAT64.
  {
    words: 'an address that wraps another one',
    v4: ['192.88.99.0/24'],
    v6: ['::/96', '::ffff:0:0:0/96', '2002::/16', '2001::/32', '64:ff9b::/96', '64:ff9b:1::/48'],
  },
  {
    words: 'a reserved address',
    v4: ['192.0.0.0/24', '192.0.2.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '240.0.0.0/4'],
    v6: ['100::/64', '100:0:0:1::/64', '2001::/23', '2001:db8::/32', '3fff::/20', '5f00::/16'],
  },
] as const

const lists = kinds.map(({ words, v4, v6 }) => ({ words, v4: rangesOf(v4), v6: rangesOf(v6) }))
/** All that is assigned to the public Internet so far. */
const globalUnicast = rangesOf(['2000::/3'])

export function rangesOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}

/** `address` as `plainIp` gives it. */
export function kindOf(address: string): AddressKind {
  const is4 = isIP(address) === 4
  const special = lists.find(({ v4, v6 }) => (is4 ? v4.check(address, 'ipv4') : v6.check(address, 'ipv6')))
  if (special !== undefined) return special.words
  return is4 || globalUnicast.check(address, 'ipv6') ? 'public' : 'a reserved address'
}

/** An IP address without its zone, and an IPv4 address that was mapped into IPv6 as what it is; null for what is none. */
export function plainIp(text: string): string | null {
  const [address = ''] = text.split('%')
  const family = isIP(address)
  if (family !== 6) return family === 4 ? address : null
  const words = wordsOf(address)
  return words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff ? v4At(words, 6) : address
}

/** Every address that a packet to this one may end at: itself, and those that it carries inside. */
export function endsOf(address: string): string[] {
  if (isIP(address) !== 6) return [address]
  const words = wordsOf(address)
  const [first = 0, second = 0] = words
  const inside = [v4At(words, 6)]
  if (first === 0x2002) inside.push(v4At(words, 1))
  // Teredo writes the client's address with all bits turned round.
  if (first === 0x2001 && second === 0)
    inside.push(
      v4At(words, 2),
      v4At(
        words.map((word) => word ^ 0xffff),
        6,
      ),
    )
  return [address, ...inside]
}

/** The eight numbers of an IPv6 address. */
function wordsOf(address: string): number[] {
  // The URL parser writes the last 32 bits in hexadecimal, however they were given.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const numbers = (part: string): number[] => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)))
  const [before, after] = [numbers(head), numbers(tail ?? '')]
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
}

function v4At(words: readonly number[], index: number): string {
  const [high = 0, low = 0] = words.slice(index, index + 2)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
