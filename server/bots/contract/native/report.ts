/** A report of a bot for those who mend this program. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../../http/contract.ts'
import { failure, userParams } from '../parts.ts'

export const botReport = z.object({
  /** Versions, and the system with its processor. */
  program: z.object({ wheelhouse: z.string(), whatsapp: z.string(), node: z.string(), system: z.string() }),
  bot: z.object({
    state: z.string(),
    cause: z.string().nullable(),
    reason: z.string().nullable(),
    since: isoTime,
    attempt: z.number().int(),
    isLinked: z.boolean(),
  }),
  /** The newest first. */
  states: z.array(z.object({ at: isoTime, state: z.string(), reason: z.string().nullable() })),
  /** What became of what was sent, counted. */
  sent: z.array(z.object({ kind: z.string(), status: z.string(), problem: z.string().nullable(), times: z.number().int() })),
  /** Shapes of what came over its connections since the start of the app. */
  seen: z.array(z.object({ what: z.string(), times: z.number().int(), first: isoTime, last: isoTime })),
  /** Sightings of further shapes, for which there was no room. */
  seenBeyond: z.number().int(),
})
export type BotReport = z.output<typeof botReport>

export const reportRoutes = {
  botReport: {
    method: 'GET',
    path: '/v1/bots/:userId/report',
    tag: 'Bots',
    summary: 'What those who mend this program need to know of a bot',
    description: 'Versions, states, and shapes of what its connections have seen, counted; no numbers, names, ids or words of anybody.',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    responses: { 200: { description: 'The report', body: botReport }, 404: failure('No such bot') },
  },
} as const satisfies Record<string, RouteDefinition>
