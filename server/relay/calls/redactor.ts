/** Takes what a person does not want models to read out of whatever a server answers or says. */
import { linearPattern, type LinearPattern } from '../../linear-pattern.ts'
import type { RedactKind, Redaction } from '../contract/between.ts'
import { RelayFault } from '../fault.ts'
import type { Json, Message } from '../upstreams/connection.ts'
import { placesOf, type Place } from './known-patterns.ts'

export interface Redacted<Value> {
  value: Value
  /** How much of what was taken out, in words; null for nothing. */
  did: string | null
}

const words: Readonly<Record<RedactKind, string>> = { email: 'e-mail', phone: 'phone', card: 'card', key: 'key' }
/** Says what a thing is, carries bytes, or is handed back as it came, e.g. what a form offers: none of it is text to be read. */
const untouched: ReadonlySet<string> = new Set([
  ...['type', 'mimeType', 'resultType', 'requestState', 'blob', 'requestedSchema', 'elicitationId'],
])

type Rule = { name: string; places(text: string): readonly Place[] }

export class Redactor {
  readonly #rules: readonly Rule[]

  constructor(rules: readonly Rule[]) {
    this.#rules = rules
  }

  /** All texts within it, the names of fields too. */
  value<Value>(value: Value): Redacted<Value> {
    const counts = new Map<string, number>()
    // It has the shape it had: only texts, and numbers that are such texts, are other ones.
    const clean = this.#walk(value, counts) as Value
    return { value: clean, did: counts.size === 0 ? null : [...counts].map(([name, count]) => `${count} ${name}`).join(', ') }
  }

  /** As it is thrown to the client: the same code with another text. */
  error(thrown: unknown): Redacted<Error> {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    const data = 'data' in error ? error.data : undefined
    const { value, did } = this.value({ message: error.message, data })
    if (did === null) return { value: error, did }
    const clean = new Error(value.message)
    if ('code' in error) Object.assign(clean, { code: error.code })
    if (data !== undefined) Object.assign(clean, { data: value.data })
    return { value: clean, did }
  }

  #walk(value: unknown, counts: Map<string, number>): unknown {
    if (typeof value === 'string') return this.#text(value, counts)
    if (typeof value === 'number') {
      const text = String(value)
      const clean = text.length < 7 ? text : this.#text(text, counts)
      return clean === text ? value : clean
    }
    if (Array.isArray(value)) return value.map((each: unknown) => this.#walk(each, counts))
    if (typeof value !== 'object' || value === null) return value
    const isBytes = 'type' in value && (value.type === 'image' || value.type === 'audio')
    // A question that is answered at an address, which must still lead there.
    const isQuestion = 'mode' in value && value.mode === 'url'
    const fields = Object.entries(value).map(([name, each]: [string, unknown]) =>
      untouched.has(name) || (isBytes && name === 'data') || (isQuestion && name === 'url')
        ? { name, clean: name, each }
        : { name, clean: this.#text(name, counts), each: this.#walk(each, counts) },
    )
    return Object.fromEntries(apart(fields))
  }

  #text(text: string, counts: Map<string, number>): string {
    let clean = text
    for (const { name, places } of this.#rules) {
      let at = 0
      let done = ''
      for (const [from, to] of places(clean).toSorted((a, b) => a[0] - b[0])) {
        // Two ways of knowing the same thing overlap.
        if (from < at) continue
        done += `${clean.slice(at, from)}[${name}]`
        at = to
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
      clean = done + clean.slice(at)
    }
    return clean
  }
}

/** Names that have become the same are numbered, those that stayed what they were go first. */
function apart(fields: readonly { name: string; clean: string; each: unknown }[]): [string, unknown][] {
  const taken = new Set(fields.flatMap(({ name, clean }) => (name === clean ? [name] : [])))
  const numbers = new Map<string, number>()
  return fields.map(({ name, clean, each }) => {
    if (name === clean) return [name, each]
    let free = clean
    for (let number = numbers.get(clean) ?? 2; taken.has(free); number += 1) {
      free = `${clean} ${number}`
      // Where the next one goes on: thousands may have become the same.
      numbers.set(clean, number + 1)
    }
    taken.add(free)
    return [free, each]
  })
}

export function isRedacting({ kinds, patterns }: Redaction): boolean {
  return kinds.length > 0 || patterns.length > 0
}

/** By the part of the policy it is made for, which is replaced with every change. */
const made = new WeakMap<Redaction, Promise<Redactor>>()
const ready = new WeakMap<Redaction, Redactor>()

/** Rejects for a pattern that is none. */
export function redactorOf(redaction: Redaction): Promise<Redactor> {
  const known = made.get(redaction)
  if (known !== undefined) return known
  const making = makeRedactor(redaction)
  made.set(redaction, making)
  making.then(
    (redactor) => void ready.set(redaction, redactor),
    () => void made.delete(redaction),
  )
  return making
}

/** The same where nothing can be waited for; undefined until it has been made. */
export function readyRedactorOf(redaction: Redaction): Redactor | undefined {
  return ready.get(redaction)
}

/** What a server answers to what is no tool call. */
export async function redactedAnswer(redact: Redaction, ask: () => Promise<Json>): Promise<Json> {
  if (!isRedacting(redact)) return ask()
  const redactor = await redactorOf(redact)
  try {
    return redactor.value(await ask()).value
  } catch (error) {
    throw redactor.error(error).value
  }
}

/** What a server says outside any call. */
export async function redactedMessage(redact: Redaction, message: Message): Promise<Message> {
  return isRedacting(redact) ? (await redactorOf(redact)).value(message).value : message
}

/** Throws `pattern-invalid` with the words of the pattern that is none. */
export async function checkPatterns(policy: { redact: Redaction } | undefined): Promise<void> {
  for (const { name, pattern } of policy?.redact.patterns ?? []) {
    try {
      await linearPattern(pattern)
    } catch (error) {
      throw new RelayFault(
        'pattern-invalid',
        `The pattern “${name}” is not valid: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
}

async function makeRedactor({ kinds, patterns }: Redaction): Promise<Redactor> {
  const own = await Promise.all(patterns.map(async ({ name, pattern }) => ({ name, places: placesBy(await linearPattern(pattern)) })))
  // Keys first: what stands around them is how they are known. A card number looks like a telephone number as well.
  const order: readonly RedactKind[] = ['key', 'card', 'email', 'phone']
  return new Redactor([
    ...own,
    ...order.filter((kind) => kinds.includes(kind)).map((kind) => ({ name: words[kind], places: placesOf[kind] })),
  ])
}

function placesBy(pattern: LinearPattern): Rule['places'] {
  return (text) => pattern.places(text)
}
