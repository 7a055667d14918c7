/** The accounts of the relay. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure } from './parts.ts'

export const userId = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}$/)
const email = z.email().max(254)
const credits = z.number().int().min(0).max(1_000_000_000)
export const userView = z.object({ id: z.string(), primaryEmail: z.string(), credits: z.number().int(), createdAt: isoTime })
export type UserView = z.output<typeof userView>

export const userRoutes = {
  users: {
    method: 'GET',
    path: '/control/v1/users',
    tag: 'Accounts',
    summary: 'The accounts of the relay',
    access: 'key',
    right: 'relay:manage',
    responses: { 200: { description: 'Accounts', body: z.object({ users: z.array(userView) }) } },
  },
  createUser: {
    method: 'POST',
    path: '/control/v1/users',
    tag: 'Accounts',
    summary: 'Add an account',
    access: 'key',
    right: 'relay:manage',
    body: z.object({ id: userId.optional(), primaryEmail: email, credits: credits.default(0) }),
    responses: {
      201: { description: 'The account', body: userView },
      400: failure('Invalid'),
      409: failure('The id or address is taken'),
    },
  },
  changeUser: {
    method: 'PATCH',
    path: '/control/v1/users/:id',
    tag: 'Accounts',
    summary: 'Change an account',
    access: 'key',
    right: 'relay:manage',
    params: z.object({ id: userId }),
    body: z.object({ primaryEmail: email.optional(), credits: credits.optional() }),
    responses: {
      200: { description: 'The account', body: userView },
      404: failure('No such account'),
      409: failure('The address is taken'),
    },
  },
  removeUser: {
    method: 'DELETE',
    path: '/control/v1/users/:id',
    tag: 'Accounts',
    summary: 'Remove an account',
    access: 'key',
    right: 'relay:manage',
    params: z.object({ id: userId }),
    responses: { 204: { description: 'Removed' }, 404: failure('No such account') },
  },
} as const satisfies Record<string, RouteDefinition>
