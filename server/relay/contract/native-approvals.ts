/** What the window needs of calls that wait for a person's yes. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure, rowId } from './parts.ts'

const about = {
  id: rowId,
  at: isoTime,
  sessionId: rowId,
  accountId: z.string(),
  server: z.string(),
  /** As the session knows it, and as its server does. */
  tool: z.string(),
  toolName: z.string(),
}

export const waitingCall = z.object({
  ...about,
  sessionName: z.string().nullable(),
  /** When it is refused if nobody answers, and how many seconds that are from now and were from the start. */
  until: isoTime,
  left: z.number(),
  timeout: z.number().int(),
  description: z.string(),
  /** By what its server says, or does not say. */
  destructive: z.boolean(),
  /** Its server says so itself. */
  saidDestructive: z.boolean(),
  /** As they would be sent. */
  arguments: z.record(z.string(), z.unknown()),
  /** Credits held meanwhile. */
  price: z.number().int(),
})
export type WaitingCallView = z.output<typeof waitingCall>

const answeredCall = z.object({
  ...about,
  outcome: z.enum(['once', 'always', 'refuse', 'late']),
  /** Who answered; `system` where time did. */
  actor: z.string(),
})
export type AnsweredCallView = z.output<typeof answeredCall>

export const approvalRoutes = {
  relayApprovals: {
    method: 'GET',
    path: '/v1/relay-approvals',
    tag: 'Window',
    summary: 'Calls that wait for a yes, and those answered in the last day',
    description: 'Of the sessions that the caller may see. Which calls wait is said in a session’s policy and in a server’s options.',
    access: 'key',
    right: 'relay:use',
    query: z.object({ since: isoTime.optional() }),
    responses: {
      200: {
        description: 'Waiting ones, the oldest first; answered ones, the newest first',
        body: z.object({ waiting: z.array(waitingCall), answered: z.array(answeredCall) }),
      },
    },
  },
  answerRelayApproval: {
    method: 'POST',
    path: '/v1/relay-approvals/:id',
    tag: 'Window',
    summary: 'Allow a waiting call once, allow its tool from now on in this session, or refuse it',
    access: 'key',
    right: 'relay:use',
    params: z.object({ id: rowId }),
    body: z.object({ decision: z.enum(['once', 'always', 'refuse']) }),
    responses: { 204: { description: 'Answered' }, 404: failure('It does not wait any more') },
  },
} as const satisfies Record<string, RouteDefinition>
