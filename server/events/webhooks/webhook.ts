/** What webhooks are made of: an address and what was chosen for it, what it is told, and what became of that. */
import { z } from 'zod'

/** Ms before each further try; after the last one a delivery is given up. */
export const defaultWaits: readonly number[] = [5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000]

/** What may be chosen beside the address and the types; kept as JSON, so a choice of a later version needs no column. */
export const choices = z.object({
  /** What it is told about, e.g. chats; all when empty. */
  keys: z.array(z.string()).default([]),
  /** Of what its events are about, one kind alone, e.g. `people`; null for all. */
  kind: z.string().nullable().default(null),
  /** Names of the headers it gets beside ours; their values are sealed. */
  headerNames: z.array(z.string()).default([]),
  /** Calls that may be under way at the same time. */
  atOnce: z.number().default(8),
  /** Ms; null for the usual ones. */
  waits: z.array(z.number()).nullable().default(null),
  /** Days that what was delivered is kept; 0 for not at all. */
  keepFor: z.number().default(7),
  /** How files that belong to an event come with it; the room that tells the event knows how. */
  media: z.enum(['none', 'link', 'base64']).default('none'),
})
export type Choices = z.output<typeof choices>

/** `gone`: its receiver answered that nothing is there any more, and it is left alone until a person says otherwise. */
export type Standing = 'on' | 'paused' | 'gone'

export interface Webhook extends Choices {
  id: string
  room: string
  subject: string
  /** In full where it is added; as it may be shown where it is listed. */
  url: string
  types: string[]
  /** Each delivery waits for the one before it, whatever that is about. */
  ordered: boolean
  standing: Standing
  standingSince: number | null
  /** Given up for which there was no room among the dead letters, since a person last looked. */
  dropped: number
  droppedAt: number | null
  createdAt: number
}

/** What a person asks for. */
export interface WebhookWish extends Partial<Omit<Choices, 'headerNames'>> {
  url: string
  types: readonly string[]
  ordered?: boolean
  headers?: Readonly<Record<string, string>>
}

/** What an event is about. */
export interface About {
  /** E.g. a chat: what has the same is delivered in its order. Null for what need not wait for anything. */
  key?: string | null
  /** Of the key, e.g. `people`. */
  kind?: string | null
  /** Names what is told: twice under one name it has one `webhook-id`, and is told once while the first is kept. */
  once?: string
}

export type DeliveryState = 'waiting' | 'delivered' | 'dead'

export interface Delivery {
  number: number
  id: string
  webhookId: string
  type: string
  key: string | null
  /** It goes out once more because somebody asked for it. */
  replay: boolean
  state: DeliveryState
  attempts: number
  nextAt: number
  problem: string | null
  createdAt: number
  deliveredAt: number | null
  /** Of its body, sealed. */
  bytes: number
}

export interface Attempt {
  at: number
  /** Until there was an answer, or none was to come. */
  ms: number
  /** Null when there was no answer. */
  status: number | null
  problem: string | null
  /** What was sent along; values that are worth something are left out. Null when no key opens it. */
  headers: Record<string, string> | null
  /** The first bytes of what was answered. */
  answer: string | null
}

/** Whether a webhook is told of such an event. */
export function wants(
  { types, keys, kind }: Pick<Webhook, 'types' | 'keys' | 'kind'>,
  type: string,
  about: About,
  onlyNamed: boolean,
): boolean {
  if (types.length > 0 ? !types.includes(type) : onlyNamed) return false
  // What is about nothing in particular, e.g. a state, is nobody's to filter.
  if (about.key == null) return true
  if (kind !== null && about.kind != null && about.kind !== kind) return false
  return keys.length === 0 || about.kind == null || keys.includes(about.key)
}
