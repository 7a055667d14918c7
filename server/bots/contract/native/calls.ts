/** Calls that ring at an account: told, listed and refused. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../../http/contract.ts'
import { failure, userParams } from '../parts.ts'
import { asked } from './contacts.ts'
import { at, ok, refusals } from './messages.ts'

const callView = z.object({
  id: z.string(),
  /** Of the caller, or of the group that is called. */
  chat: z.string(),
  /** Who calls. */
  person: z.string(),
  video: z.boolean(),
  /** `offered` while it rings; `accepted` on another device; `rejected` here or there; `missed`; `ended` after it was accepted. */
  state: z.enum(['offered', 'accepted', 'rejected', 'missed', 'ended']),
  /** When it rang. */
  at: isoTime,
})
export type CallView = z.output<typeof callView>

export const callEvent = z.object({ type: z.literal('call'), userId: z.string(), call: callView })

const callParams = userParams.extend({ call: z.string().regex(/^[0-9A-Za-z_-]{4,64}$/) })
const shared = { tag: 'Calls', access: 'local', right: 'bots:use' } as const

export const callRoutes = {
  calls: {
    ...shared,
    method: 'GET',
    path: at('/calls'),
    summary: 'Calls that rang, the newest first',
    description: 'As long as messages are kept.',
    verb: 'write',
    params: userParams,
    query: z.object({ limit: z.coerce.number().int().min(1).max(500).default(100) }),
    responses: { 200: { description: 'Calls', body: ok.extend({ calls: z.array(callView) }) }, ...refusals },
  },
  rejectCall: {
    ...shared,
    method: 'POST',
    path: at('/calls/:call/reject'),
    summary: 'Refuse a call that rings',
    description: '`text` goes to the caller through the queue. The setting `rejectCalls` refuses all of them.',
    params: callParams,
    body: z.object({ text: z.string().min(1).max(4_096).nullable().default(null) }),
    responses: {
      ...asked,
      200: { description: 'Refused', body: ok },
      409: failure('The session is not online, or the call does not ring any more'),
    },
  },
} as const satisfies Record<string, RouteDefinition>
