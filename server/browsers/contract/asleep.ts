/** Logins that last: putting a session to sleep, waking it, forgetting it. */
import { z } from 'zod'
import type { RouteDefinition } from '../../http/contract.ts'
import { failure, sessionId } from './parts.ts'
import { browserSession } from './resources.ts'

const params = z.object({ id: sessionId })

export const asleepRoutes = {
  hibernateSession: {
    method: 'POST',
    path: '/v1/browser-sessions/:id/hibernate',
    tag: 'Logins that last',
    summary: 'Put a session to sleep now',
    description:
      'Keeps its login sealed and ends its browser. It stays in the list in state `hibernated`, and answers to its id and its credentials.',
    access: 'key',
    right: 'browsers:use',
    params,
    responses: {
      200: { description: 'It sleeps', body: z.object({ session: browserSession }) },
      404: failure('No such live session'),
      409: failure('Somebody uses it, or nothing of it can be kept'),
    },
  },
  wakeSession: {
    method: 'POST',
    path: '/v1/browser-sessions/:id/wake',
    tag: 'Logins that last',
    summary: 'Wake a session that sleeps',
    description:
      'Answers at once with the session in state `starting`, under the id it had. Where its site asks for a login again it ends up in `needs-you`: a person signs in by hand, or a call with its credentials does. One that lives already is answered as it is.',
    access: 'key',
    right: 'browsers:use',
    params,
    responses: {
      202: { description: 'It wakes, or lives already', body: z.object({ session: browserSession }) },
      400: failure('Its site profile is gone, or its address may not be reached any more'),
      404: failure('No such session'),
      409: failure('No capacity'),
    },
  },
  forgetAsleep: {
    method: 'DELETE',
    path: '/v1/kept-logins',
    tag: 'Logins that last',
    summary: 'Forget everything that sleeps',
    description: 'Of all sessions, or of those on one site profile. One alone is forgotten by DELETE of its session.',
    access: 'key',
    right: 'browsers:manage',
    query: z.object({ profile: z.string().max(63).optional() }),
    responses: { 200: { description: 'How many there were', body: z.object({ forgotten: z.number().int() }) } },
  },
} as const satisfies Record<string, RouteDefinition>
