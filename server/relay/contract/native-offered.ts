/** What a person decides of what servers offer: switches of many things at once, changed definitions, and what is added to a tool. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure, toolName, upstreamId } from './parts.ts'

export const itemKind = z.enum(['prompt', 'resource', 'template'])
export type ItemKind = z.output<typeof itemKind>
export const offeredKind = z.enum(['tool', ...itemKind.options])

/** A prompt, resource or template of a server. */
export const offeredItem = z.object({
  kind: itemKind,
  /** A prompt's name, a resource's address, a template's pattern. */
  name: z.string(),
  title: z.string().nullable(),
  description: z.string(),
  enabled: z.boolean(),
  /** Held back: it is described in another way than when a person switched it on. */
  quarantined: z.boolean(),
})
export type OfferedItem = z.output<typeof offeredItem>

const offeredName = z.string().min(1).max(8_192)
const server = z.object({ id: upstreamId })

export const definitionChange = z.object({
  upstream: upstreamId,
  server: z.string(),
  kind: offeredKind,
  name: z.string(),
  /** Null where it was not noted. */
  changedAt: isoTime.nullable(),
  /** Calls that came since. */
  heldCalls: z.number().int(),
  /** False where an older version has not kept what was agreed to: `lines` is the definition of now then. */
  known: z.boolean(),
  /** Nothing but titles and descriptions differ. */
  onlyTexts: z.boolean(),
  /** Both definitions in one, a line for each field. */
  lines: z.array(z.object({ kind: z.enum(['same', 'removed', 'added']), text: z.string() })),
})
export type DefinitionChange = z.output<typeof definitionChange>

export const offeredRoutes = {
  changeOffered: {
    method: 'PATCH',
    path: '/v1/offered',
    tag: 'Window',
    summary: 'Switch or price many tools, prompts and resources at once, or agree to their changed definitions',
    description:
      'Those named in `items`; or those of a server, of a kind, with a text in their name or description, or with a hint, where all that is given has to fit. Prices are of tools alone.',
    access: 'key',
    right: 'relay:manage',
    body: z
      .object({
        items: z
          .array(z.object({ upstream: upstreamId, kind: offeredKind.default('tool'), name: offeredName }))
          .min(1)
          .max(10_000)
          .optional(),
        upstream: upstreamId.optional(),
        kind: offeredKind.optional(),
        text: z.string().trim().min(1).max(200).optional(),
        /** `changes`: does not say of itself that it changes nothing. Of tools alone. */
        hint: z.enum(['changes', 'destructive', 'reads']).optional(),
        enabled: z.boolean().optional(),
        price: z.number().int().min(0).max(1_000_000).optional(),
        approve: z.literal(true).optional(),
      })
      .refine(({ items, upstream, kind, text, hint }) => [items, upstream, kind, text, hint].some((given) => given !== undefined), {
        message: 'Say which: items, a server, a kind, a text or a hint',
      })
      .refine(({ enabled, price, approve }) => [enabled, price, approve].some((given) => given !== undefined), {
        message: 'Say what: enabled, price or approve',
      }),
    responses: {
      200: { description: 'How many were changed', body: z.object({ changed: z.number().int() }) },
      404: failure('No such server'),
    },
  },
  definitionChanges: {
    method: 'GET',
    path: '/v1/definition-changes',
    tag: 'Window',
    summary: 'What is held back because its definition changed, with both definitions line by line',
    access: 'key',
    right: 'relay:manage',
    responses: { 200: { description: 'Changes', body: z.object({ changes: z.array(definitionChange) }) } },
  },
  toolDefinitions: {
    method: 'GET',
    path: '/v1/upstreams/:id/tools/:name/definitions',
    tag: 'Window',
    summary: 'The definition of a tool as it is now, and as a person agreed to it',
    access: 'key',
    right: 'relay:manage',
    params: z.object({ id: upstreamId, name: toolName }),
    responses: {
      200: {
        description: 'Both; `agreed` is null where an older version has not kept it',
        body: z.object({ now: z.looseObject({ name: z.string() }), agreed: z.looseObject({ name: z.string() }).nullable() }),
      },
      404: failure('No such server or tool'),
    },
  },
  agreeToUpstream: {
    method: 'POST',
    path: '/v1/upstreams/:id/agree',
    tag: 'Window',
    summary: 'Agree to all changed definitions of a server at once',
    access: 'key',
    right: 'relay:manage',
    params: server,
    responses: {
      200: { description: 'How many were held back', body: z.object({ agreed: z.number().int() }) },
      404: failure('No such server'),
    },
  },
} as const satisfies Record<string, RouteDefinition>
