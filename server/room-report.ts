/**
 * What a room tells of itself for the overview: its counts, and what needs a person. It tells facts; `words/` has the sentences, which are
 * put to them where they leave the server. No Node import: the renderer reads it.
 */
import { z } from 'zod'
import { apiNames, isoTime, roomNames, type RoomName } from './http/contract.ts'

/** What words are made of; never a secret. */
const facts = z.record(z.string(), z.unknown())
export type Facts = z.output<typeof facts>

const concern = z.object({
  id: z.string(),
  room: z.enum(apiNames),
  /** Names its words, which are made of the facts. */
  kind: z.string(),
  facts,
  tone: z.enum(['attention', 'bad']),
  since: isoTime,
  /** What the window offers, by name; `subject` says for which thing. */
  action: z
    .enum([
      'use-free-port',
      'retry-port',
      'take-over',
      'restart-session',
      'find-chromium',
      'install-chromium',
      'close-to-machine',
      'review-settings',
      'restart-room',
      'retry-sealing-key',
      'give-up-locked',
      'open-webhooks',
      'answer-call',
    ])
    .nullable(),
  subject: z.string().nullable(),
})
/** Something that needs a person. */
export type Concern = z.output<typeof concern>
/** The concerns of which `Kinds` has the facts, by kind. */
export type ConcernOf<Kinds> = {
  [Kind in keyof Kinds & string]: Omit<Concern, 'kind' | 'facts'> & { kind: Kind; facts: Kinds[Kind] }
}[keyof Kinds & string]
/** One that does not know since when. */
export type Undated<Some extends Concern> = Some extends Concern ? Omit<Some, 'since'> : never

/** A concern in words. */
export const attentionItem = concern.extend({ title: z.string(), text: z.string() })
export type AttentionItem = z.output<typeof attentionItem>

export interface RoomCounts<Of = Facts> {
  room: RoomName
  /** The one big number. */
  count: number
  /** What stands beside it. */
  facts: Of
  ratePer: RoomSummary['ratePer']
  /** Ever-rising count of what the chart shows. */
  total: number
}

export const roomSummary = z.object({
  room: z.enum(roomNames),
  /** The one big number and its unit, e.g. 10 `of 10`. */
  count: z.number(),
  unit: z.string(),
  text: z.string(),
  /** What unit and text are made of. */
  facts,
  /** What the chart counts, e.g. `Calls`. */
  rateTitle: z.string(),
  ratePer: z.enum(['s', 'min']),
  rate: z.number(),
  series: z.array(z.number().nullable()),
  /** The room's worst open item. */
  worst: z.enum(['attention', 'bad']).nullable(),
})
export type RoomSummary = z.output<typeof roomSummary>

/** Things that were sealed with a key that is not here. */
export interface Locked {
  kind: 'bots' | 'webhooks' | 'backups' | 'signing-keys' | 'servers' | 'sign-ins' | 'session-addresses' | 'kept-logins' | 'bridges'
  count: number
  /** Which, where they have names. */
  names?: readonly string[]
}
