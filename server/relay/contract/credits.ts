/** What the window needs of credits that calls hold: those that a crash has left in doubt. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure } from './parts.ts'

const doubtOutcome = z.enum(['taken', 'given-back'])

export const doubt = z.object({
  id: z.number().int(),
  /** When the server was asked. */
  at: isoTime,
  accountId: z.string(),
  sessionId: z.string(),
  upstream: z.string(),
  tool: z.string(),
  /** Held meanwhile. */
  credits: z.number().int(),
  inDoubtSince: isoTime,
  outcome: doubtOutcome.nullable(),
  /** What was taken in the end. */
  taken: z.number().int().nullable(),
  settledAt: isoTime.nullable(),
  settledBy: z.string().nullable(),
  reason: z.string().nullable(),
})
export type DoubtView = z.output<typeof doubt>

export const creditsRoutes = {
  callsInDoubt: {
    method: 'GET',
    path: '/v1/calls-in-doubt',
    tag: 'Window',
    summary: 'Calls that a crash cut off, and what was decided of the last ones',
    access: 'key',
    right: 'relay:manage',
    query: z.object({ settled: z.coerce.number().int().min(0).max(500).default(20) }),
    responses: {
      200: { description: 'Newest first', body: z.object({ open: z.array(doubt), settled: z.array(doubt) }) },
    },
  },
  settleCallsInDoubt: {
    method: 'POST',
    path: '/v1/calls-in-doubt/settle',
    tag: 'Window',
    summary: 'Take the price of calls in doubt, or give it back; all of them or none',
    access: 'key',
    right: 'relay:manage',
    body: z.object({
      ids: z.array(z.number().int()).min(1).max(1_000),
      outcome: doubtOutcome,
      reason: z.string().trim().min(1).max(300),
    }),
    responses: {
      200: { description: 'As they are now', body: z.object({ calls: z.array(doubt) }) },
      404: failure('One of them is not in doubt, or its account is no more'),
    },
  },
} as const satisfies Record<string, RouteDefinition>
