/** What the server answers when it is asked about numbers, groups, keys and places for media, and when it refuses to. */
import type { BinaryNode } from 'baileys'
import { child, children, refusal } from './nodes.ts'
import { Turns } from './turns.ts'

/** `numbers`: whether they have an account, and which devices; `accounts`: the first of these alone. */
export type Lookup = 'numbers' | 'accounts' | 'groups' | 'media' | 'keys' | 'pictures'

const lookups: Readonly<Record<string, Lookup>> = {
  'usync get usync': 'numbers',
  'w:g2 get query': 'groups',
  'w:g2 get participating': 'groups',
  'w:m set media_conn': 'media',
  'encrypt get key': 'keys',
  'w:profile:picture get picture': 'pictures',
}

export class Lookups {
  readonly #refusals = new Map<Lookup, Turns<number>>()
  readonly #canonical = new Map<string, string>()
  /** Questions about numbers are answered with this error within the answer, and with nobody; null ends that. */
  heldBackWith: number | null = null
  /** How often each was asked. */
  readonly asked = new Map<Lookup, number>()

  /** So many are answered with this error, as a server does that is asked too much. */
  refuse(lookup: Lookup, times = Infinity, code = 429): void {
    const turns = new Turns<number>()
    turns.set(code, times)
    this.#refusals.set(lookup, turns)
  }

  allow(lookup: Lookup): void {
    this.#refusals.delete(lookup)
  }

  /** The account of the number that is asked about goes by another: Brazil's ninth digit, Mexico's and Argentina's extra one. */
  canonical(asked: string, account: string): void {
    this.#canonical.set(asked, account)
  }

  canonicalOf(number: string): string {
    return this.#canonical.get(number) ?? number
  }

  /** The refusal of this request, if it is to be refused. */
  judge(request: BinaryNode): BinaryNode | null {
    const lookup = lookups[`${request.attrs['xmlns']} ${request.attrs['type']} ${children(request)[0]?.tag ?? ''}`]
    if (lookup === undefined) return null
    this.asked.set(lookup, (this.asked.get(lookup) ?? 0) + 1)
    const [usync] = children(request)
    const isAboutAccounts = lookup === 'numbers' && child(child(usync, 'query'), 'contact') !== undefined
    const code = this.#refusals.get(lookup)?.take() ?? (isAboutAccounts ? this.#refusals.get('accounts')?.take() : null) ?? null
    return code === null ? null : refusal(request, code, code === 429 ? 'rate-overlimit' : 'service-unavailable')
  }
}
