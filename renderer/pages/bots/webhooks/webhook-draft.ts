/** What a person fills in for a webhook, and what of it is sent. */
import type { WebhookEvent, WebhookRow } from './webhook-words.ts'

export interface WebhookDraft {
  url: string
  types: WebhookEvent[]
  where: 'anywhere' | 'people' | 'groups'
  /** Numbers and chat ids, with spaces or commas between. */
  chats: string
  ordered: boolean
  /** `Name: value`, one a line. */
  headers: string
  keepFor: number
  /** How the files of messages come. */
  media: WebhookRow['media']
  atOnce: number
  /** Seconds before each further try, with spaces or commas between; the usual ones when empty. */
  waits: string
}

export const emptyDraft = (): WebhookDraft => ({
  url: '',
  types: [],
  where: 'anywhere',
  chats: '',
  ordered: false,
  headers: '',
  keepFor: 7,
  media: 'none',
  atOnce: 8,
  waits: '',
})

/** Of one that is there: its address and the values of its headers are not shown again, and stay where nothing is written for them. */
export const draftOf = ({ types, where, chats, ordered, keepFor, media, atOnce, waits }: WebhookRow): WebhookDraft => ({
  ...emptyDraft(),
  ...{ types: [...types] as WebhookEvent[], ordered, keepFor, media, atOnce, waits: waits?.join(', ') ?? '' }, // the server lists types that it knows
  where: where === 'people' || where === 'groups' ? where : 'anywhere',
  chats: chats.map((chat) => chat.replace('@s.whatsapp.net', '')).join(', '),
})

export const isAddress = (url: string): boolean => /^https?:\/\/[^\s/]+/.test(url.trim())

/** The first line that is no header; null when all are. */
export function badHeader(text: string): string | null {
  return lines(text).find((line) => !/^[A-Za-z][\w-]*:\s*\S/.test(line)) ?? null
}

const secondsIn = (waits: string): number[] => partsOf(waits).map(Number)

/** What of the waits cannot be taken, as words; null when all can. */
export function badWaits(waits: string): string | null {
  const bad = partsOf(waits).find((part) => !(Number(part) >= 0.01 && Number(part) <= 86_400))
  if (bad !== undefined) return `“${bad}” is no number of seconds up to a day`
  return partsOf(waits).length > 20 ? 'At most 20 further tries' : null
}

/** Nothing stands in the way of sending it. */
export const isWhole = ({ headers, waits }: WebhookDraft): boolean => badHeader(headers) === null && badWaits(waits) === null

export function choicesOf({ types, where, chats, ordered, keepFor, headers, media, atOnce, waits }: WebhookDraft) {
  const said = lines(headers).map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()] as const)
  return {
    ...{ types, where, ordered, keepFor, media, atOnce },
    waits: partsOf(waits).length === 0 ? null : secondsIn(waits),
    chats: partsOf(chats),
    ...(said.length === 0 ? {} : { headers: Object.fromEntries(said) }),
  }
}

const partsOf = (text: string): string[] => text.split(/[\s,;]+/).filter((part) => part !== '')

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
