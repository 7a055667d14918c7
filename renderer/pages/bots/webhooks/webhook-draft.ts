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
}

export const emptyDraft = (): WebhookDraft => ({
  url: '',
  types: [],
  where: 'anywhere',
  chats: '',
  ordered: false,
  headers: '',
  keepFor: 7,
})

/** Of one that is there: its address and the values of its headers are not shown again, and stay where nothing is written for them. */
export const draftOf = ({ types, where, chats, ordered, keepFor }: WebhookRow): WebhookDraft => ({
  ...emptyDraft(),
  ...{ types: [...types] as WebhookEvent[], ordered, keepFor }, // the server lists types that it knows
  where: where === 'people' || where === 'groups' ? where : 'anywhere',
  chats: chats.map((chat) => chat.replace('@s.whatsapp.net', '')).join(', '),
})

export const isAddress = (url: string): boolean => /^https?:\/\/[^\s/]+/.test(url.trim())

/** The first line that is no header; null when all are. */
export function badHeader(text: string): string | null {
  return lines(text).find((line) => !/^[A-Za-z][\w-]*:\s*\S/.test(line)) ?? null
}

export function choicesOf({ types, where, chats, ordered, keepFor, headers }: WebhookDraft) {
  const said = lines(headers).map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()] as const)
  return {
    ...{ types, where, ordered, keepFor },
    chats: chats.split(/[\s,;]+/).filter((chat) => chat !== ''),
    ...(said.length === 0 ? {} : { headers: Object.fromEntries(said) }),
  }
}

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
