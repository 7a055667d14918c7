/** Votes in polls. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../../http/contract.ts'
import { chat, messageId, userParams } from '../parts.ts'
import { at, ok, refusals } from './messages.ts'

const pollView = z.object({
  id: z.string(),
  chat: z.string(),
  question: z.string(),
  options: z.array(z.string()),
  /** How many may be chosen; 0: any number. */
  selectable: z.number().int(),
  fromMe: z.boolean(),
  at: isoTime,
})

const voteView = z.object({
  /** A WhatsApp id. */
  voter: z.string(),
  voterName: z.string().nullable(),
  fromMe: z.boolean(),
  /** All that the person has chosen now; none when the vote was taken back. */
  options: z.array(z.string()),
  at: isoTime,
})

const totals = z.array(z.object({ option: z.string(), votes: z.number().int() }))

const pollVotes = z.object({ poll: pollView, totals, votes: z.array(voteView) })
export type PollVotes = z.output<typeof pollVotes>

/** Somebody has voted, voted otherwise, or taken the vote back. */
export const voteEvent = z.object({
  type: z.literal('vote'),
  userId: z.string(),
  chat: z.string(),
  poll: pollView.pick({ id: true, question: true, fromMe: true }),
  vote: voteView,
  totals,
})

export const voteRoutes = {
  votes: {
    method: 'GET',
    path: at('/messages/:messageId/votes'),
    tag: 'Messages',
    access: 'local',
    right: 'bots:use',
    verb: 'write',
    summary: 'Who chose what in a poll',
    description:
      'Of polls that the session has asked, and of those it was asked since it is linked. The newest vote of each person counts; kept as long as messages are. `chat` tells two polls of one id apart.',
    params: userParams.extend({ messageId }),
    query: z.object({ chat: chat.optional() }),
    responses: { 200: { description: 'The poll and its votes', body: ok.extend(pollVotes.shape) }, ...refusals },
  },
} as const satisfies Record<string, RouteDefinition>
