/** What a person may put between a session and its tools. No Node import: the window reads it. */
import { z } from 'zod'

/** Ready-made patterns. */
export const redactKinds = ['email', 'phone', 'card', 'key'] as const
export type RedactKind = (typeof redactKinds)[number]

/** Taken out of answers, errors and what servers say meanwhile. */
export const redaction = z.object({
  kinds: z.array(z.enum(redactKinds)).max(redactKinds.length).default([]),
  /** RE2's syntax: JavaScript's without looking ahead or behind and without referring back. */
  patterns: z
    .array(
      z.object({
        /** Stands where the text was. */
        name: z.string().regex(/^[A-Za-z0-9 _-]{1,40}$/),
        pattern: z.string().min(1).max(500),
      }),
    )
    .max(20)
    .default([]),
})
export type Redaction = z.output<typeof redaction>

/** The most of an answer that is handed out at once; the rest is read by a handle. Null for no limit. */
export const answerCap = z.object({
  bytes: z.number().int().min(500).max(100_000_000).nullable().default(null),
  /** Taken as four bytes each. */
  tokens: z.number().int().min(200).max(25_000_000).nullable().default(null),
})
export type AnswerCap = z.output<typeof answerCap>

/** Which reads are answered from memory for a while. */
export const answerCache = z.object({
  /** By the server's own names; only those count that say of themselves that they change nothing, or the same each time. */
  tools: z
    .array(z.object({ upstream: z.string().max(64), name: z.string().min(1).max(512) }))
    .max(500)
    .default([]),
  seconds: z.number().int().min(1).max(86_400).default(60),
  /** With all sessions that share, not within this one alone. */
  shared: z.boolean().default(false),
  /** What an answer from memory costs: nothing, or the tool's price. */
  price: z.enum(['none', 'full']).default('none'),
})
export type AnswerCache = z.output<typeof answerCache>
