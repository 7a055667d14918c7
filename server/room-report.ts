/** What a room tells of itself for the overview: its counts, and what needs a person. No Node import: the renderer reads it. */
import { z } from 'zod'
import { apiNames, isoTime, roomNames } from './http/contract.ts'

export const attentionItem = z.object({
  id: z.string(),
  room: z.enum(apiNames),
  tone: z.enum(['attention', 'bad']),
  title: z.string(),
  text: z.string(),
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
    ])
    .nullable(),
  subject: z.string().nullable(),
})
export type AttentionItem = z.output<typeof attentionItem>

export const roomSummary = z.object({
  room: z.enum(roomNames),
  /** The one big number and its unit, e.g. 10 `of 10`. */
  count: z.number(),
  unit: z.string(),
  text: z.string(),
  /** What the chart counts, e.g. `Calls`. */
  rateTitle: z.string(),
  ratePer: z.enum(['s', 'min']),
  rate: z.number(),
  series: z.array(z.number().nullable()),
  /** The room's worst open item. */
  worst: z.enum(['attention', 'bad']).nullable(),
})
export type RoomSummary = z.output<typeof roomSummary>
