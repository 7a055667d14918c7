/** Who is who: whether a number has an account, and hidden ids with their numbers. */
import { z } from 'zod'
import type { RouteDefinition } from '../../../http/contract.ts'
import { failure, person, phoneNumber, userParams } from '../parts.ts'
import { at, ok, refusals } from './messages.ts'

const shared = { tag: 'People', access: 'local', right: 'bots:use', verb: 'write', params: userParams } as const

export const personView = z.object({
  /** The id of the chat with this person, here and in events. */
  chat: z.string(),
  /** Digits; null while WhatsApp names the person by a hidden id alone. */
  phoneNumber: z.string().nullable(),
  /** `…@lid`; null while it is unknown. */
  hiddenId: z.string().nullable(),
})
export type PersonView = z.output<typeof personView>

/** Two chats have turned out to be one person's: what was of the chat `was` is of `chat` from now on. */
export const mergedEvent = z.object({ type: z.literal('merged'), userId: z.string(), chat: z.string(), was: z.string() })

export const peopleRoutes = {
  lookUp: {
    ...shared,
    method: 'GET',
    path: at('/numbers/:number'),
    params: userParams.extend({ number: phoneNumber }),
    summary: 'Whether a number has a WhatsApp account, and which',
    description:
      'Asks WhatsApp. `phoneNumber` is the number of the account, which may be written otherwise than the one asked for (in Brazil, Mexico and Argentina); messages to either go there.',
    responses: {
      200: {
        description: 'The answer',
        body: ok.extend({ number: z.string(), exists: z.boolean(), ...personView.partial().shape, chat: z.string().nullable() }),
      },
      ...refusals,
      409: failure('The session is not online'),
      429: failure('WhatsApp was asked too much; Retry-After says when to ask again'),
      502: failure('WhatsApp refused to answer'),
      504: failure('WhatsApp did not answer'),
    },
  },
  people: {
    ...shared,
    method: 'GET',
    path: at('/people'),
    summary: 'Hidden ids whose number is known',
    description: 'In the order of the hidden ids. `next`, when there is one, is the `after` of the following page.',
    query: z.object({
      after: z
        .string()
        .regex(/^[0-9]{5,40}@lid$/)
        .optional(),
      limit: z.coerce.number().int().min(1).max(1_000).default(200),
    }),
    responses: {
      200: { description: 'People', body: ok.extend({ people: z.array(personView), next: z.string().nullable() }) },
      ...refusals,
    },
  },
  person: {
    ...shared,
    method: 'GET',
    path: at('/people/:id'),
    params: userParams.extend({ id: person }),
    summary: 'The number behind a hidden id, or the hidden id of a number',
    description: 'Of what the session has learned; WhatsApp is not asked. What is unknown is null.',
    responses: { 200: { description: 'What is known', body: ok.extend({ person: personView }) }, ...refusals },
  },
} as const satisfies Record<string, RouteDefinition>
