/** How broker sessions, clients and dead letters read. */
import type { BrokerClient, BrokerDeadLetter, BrokerSession } from '../../../server/brokers/contract/index.ts'
import { shortTime, wholeNumber } from '../../presentation/format.ts'
import type { StatePresentation } from '../../presentation/tone.ts'
import { words } from '../../presentation/words.ts'

export function brokerPresentation({ state }: Pick<BrokerSession, 'state'>): StatePresentation {
  return state === 'running'
    ? { tone: 'good', shape: 'filled', label: words.states.brokers.running }
    : { tone: 'off', shape: 'hollow', label: words.states.brokers.suspended }
}

/** Unacknowledged messages from which a client is called slow. */
const manyUnacked = 100

export function clientPresentation({ linkId, slow, unacked }: BrokerClient): StatePresentation {
  if (linkId === null) return { tone: 'off', shape: 'hollow', label: words.states.brokerClients.away }
  if (slow) return { tone: 'bad', shape: 'filled', label: words.states.brokerClients.slow }
  return unacked >= manyUnacked
    ? { tone: 'attention', shape: 'filled', label: words.states.brokerClients.behind }
    : { tone: 'good', shape: 'filled', label: words.states.brokerClients.connected }
}

export function reasonText({ reason, tries }: BrokerDeadLetter): string {
  switch (reason) {
    case 'expired':
      return 'Expired before it was taken'
    case 'max-retries':
      return `Never acknowledged, ${tries} tries`
    case 'overflow':
      return 'The queue was full'
    case 'oversized':
      return 'Larger than the client takes'
    case 'subscriber-gone':
      return 'The client went without acknowledging'
    case 'unsendable':
      return 'A fault kept it from being sent'
  }
}

/** `user:erp-sync` as people call it. */
export const plainName = (key: string): string => key.slice(key.indexOf(':') + 1)

/** The quiet fact at the right of a session in the list. */
export function pressure({ deadLetters, queued }: BrokerSession): { text: string; urgent: boolean } {
  return deadLetters > 0
    ? { text: `${wholeNumber(deadLetters)} dead`, urgent: true }
    : { text: `${wholeNumber(queued)} queued`, urgent: false }
}

/** Points of the queue's history are ten seconds apart, the newest last. */
const sampleEvery = 10_000
/** Below this many waiting deliveries a queue that grows is no news. */
const manyQueued = 100

/** `grows since 14:22, erp-sync is slow`; null while it does not grow. */
export function growthText({
  depth,
  queued,
  clients,
  now,
}: {
  depth: readonly number[]
  queued: number
  clients: readonly BrokerClient[]
  now: number
}): string | null {
  const points = [...depth, queued]
  let start = points.length - 1
  // A dip of a tenth is not yet an end of growing.
  while (start > 0 && (points[start - 1] ?? 0) * 0.9 <= (points[start] ?? 0) && (points[start - 1] ?? 0) < queued) start -= 1
  if (queued < manyQueued || points.length - 1 - start < 3 || (points[start] ?? 0) > queued * 0.6) return null
  const since = shortTime(now - (points.length - 1 - start) * sampleEvery)
  const [slowest] = [...clients].sort((a, b) => b.unacked - a.unacked)
  const cause =
    slowest === undefined || slowest.unacked * 2 < queued ? '' : `, ${slowest.name} is ${slowest.linkId === null ? 'away' : 'slow'}`
  return `grows since ${since}${cause}`
}

export interface Strength {
  /** 0 to 4. */
  level: number
  word: string
}

const bitsPerLetter = [4, 4, 5, 5.7, 6.3]

/** What length and variety give away; not what a dictionary knows. */
export function passwordStrength(password: string): Strength {
  if (password === '') return { level: 0, word: '' }
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) => kind.test(password)).length
  const bits = new Set(password).size < 5 ? password.length : password.length * (bitsPerLetter[kinds] ?? 4)
  const level = bits < 28 ? 1 : bits < 50 ? 2 : bits < 75 ? 3 : 4
  return { level, word: ['', 'Weak', 'Fair', 'Good', 'Strong'][level] ?? '' }
}

/** 24 letters and digits: more than anybody will guess. */
export function newPassword(): string {
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'
  let password = ''
  while (password.length < 24) {
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      // What is above the largest multiple would make the first letters likelier.
      if (byte < 224 && password.length < 24) password += letters.charAt(byte % 56)
    }
  }
  return password
}

/** Rows of a table in a session's page before somebody asks for all. */
export const shownRows = 4
