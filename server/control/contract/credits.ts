/** The credits of the relay's accounts. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure } from './parts.ts'
import { userId, userView } from './users.ts'

const amount = z.number().int().min(1).max(1_000_000_000)

/** Exactly one of `add`, `take` and `set`. */
export const creditOrder = z
  .strictObject({
    add: amount.optional(),
    take: amount.optional(),
    set: z.number().int().min(0).max(1_000_000_000).optional(),
    reason: z.string().trim().min(1).max(300),
    /** The same order under the same key is done once. */
    idempotencyKey: z.string().min(1).max(200).optional(),
  })
  .refine(({ add, take, set }) => [add, take, set].filter((each) => each !== undefined).length === 1, 'Give one of add, take and set')
export type CreditOrder = z.output<typeof creditOrder>

export const creditChange = z.object({
  id: z.number().int(),
  at: isoTime,
  /** `opening` is what the account began with. */
  kind: z.enum(['opening', 'add', 'take', 'set']),
  /** By how much; negative for less. */
  credits: z.number().int(),
  /** After it. */
  balance: z.number().int(),
  reason: z.string().nullable(),
  actor: z.string(),
  idempotencyKey: z.string().nullable(),
})
export type CreditChange = z.output<typeof creditChange>

const ofUser = z.object({ id: userId })

export const creditRoutes = {
  changeCredits: {
    method: 'POST',
    path: '/control/v1/users/:id/credits',
    tag: 'Accounts',
    summary: 'Add credits to an account, take them or set them, with a reason',
    access: 'key',
    right: 'relay:manage',
    params: ofUser,
    body: creditOrder,
    responses: {
      200: { description: 'The account, and the change', body: z.object({ user: userView, change: creditChange }) },
      404: failure('No such account'),
      409: failure('There are not so many to take, too many would be there, or the key was used for another change'),
    },
  },
  creditHistory: {
    method: 'GET',
    path: '/control/v1/users/:id/credits',
    tag: 'Accounts',
    summary: 'What changed the credits of an account, beside the charges of calls',
    access: 'key',
    right: 'relay:manage',
    params: ofUser,
    query: z.object({
      before: z.coerce.number().int().min(1).optional(),
      limit: z.coerce.number().int().min(1).max(500).default(50),
    }),
    responses: {
      200: { description: 'Newest first', body: z.object({ changes: z.array(creditChange) }) },
      404: failure('No such account'),
    },
  },
} as const satisfies Record<string, RouteDefinition>
