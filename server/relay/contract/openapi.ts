/** HTTP APIs as servers behind the relay: their description is read, and chosen operations become tools. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure, upstreamId } from './parts.ts'
import { newUpstream, upstreamName, upstreamView } from './upstream.ts'

const operation = z.object({
  /** `GET /pets/{id}`. */
  id: z.string(),
  /** Of its tool. */
  name: z.string(),
  summary: z.string(),
  readOnly: z.boolean(),
  deprecated: z.boolean(),
})
export type ApiOperation = z.output<typeof operation>

const credential = z.object({
  /** As the description calls it. */
  name: z.string(),
  kind: z.enum(['header', 'query', 'cookie', 'bearer', 'basic', 'oauth']),
  /** Of the header, query parameter or cookie. */
  parameter: z.string(),
  description: z.string(),
})
export type ApiCredential = z.output<typeof credential>

const description = z.object({
  title: z.string(),
  version: z.string(),
  /** Addresses under which it is served, in full. */
  servers: z.array(z.string()),
  credentials: z.array(credential),
  operations: z.array(operation),
})
export type ApiDescription = z.output<typeof description>

const address = z.url({ protocol: /^https?$/ }).max(2_048)
const given = {
  /** OpenAPI 3.0 to 3.2 or Swagger 2.0, as JSON or YAML. */
  document: z.string().max(16_777_216).optional(),
  /** Where to fetch it instead, and again when asked to. */
  source: address.optional(),
}
const oneOf = ({ document, source }: { document?: string | undefined; source?: string | undefined }): boolean =>
  (document === undefined) !== (source === undefined)
const oneOfWords = 'Give either `document` or `source`'

const chosen = z.array(z.string().max(2_100)).max(2_000).nullable()
const params = z.object({ id: upstreamId })
/** A document within a JSON string, with its quotes escaped. */
const bodyLimit = 40 * 1_048_576
const answer = z.object({
  api: description,
  /** Ids of the operations that are tools; null for all. */
  chosen,
  /** Whether its description can be fetched anew. */
  refreshable: z.boolean(),
  readAt: isoTime,
})
export type ApiServer = z.output<typeof answer>

export const openapiRoutes = {
  previewApi: {
    method: 'POST',
    path: '/v1/api-previews',
    tag: 'APIs as servers',
    summary: 'Read the description of an HTTP API; nothing is called',
    access: 'key',
    right: 'control:manage',
    verb: 'read',
    bodyLimit,
    body: z.object(given).refine(oneOf, oneOfWords),
    responses: {
      200: { description: 'What it offers', body: description },
      400: failure('Not a description that can be used'),
      502: failure('It could not be fetched'),
    },
  },
  addApi: {
    method: 'POST',
    path: '/v1/apis',
    tag: 'APIs as servers',
    summary: 'Add an HTTP API as a server: each chosen operation is a tool',
    access: 'key',
    right: 'control:manage',
    bodyLimit,
    body: z
      .object({
        ...given,
        name: upstreamName,
        /** Where it is served; a key in its query is put on every request. The first server of the description when left out. */
        url: address.optional(),
        /** Credentials, sealed at rest. */
        headers: newUpstream.shape.headers,
        chosen: chosen.optional(),
        enabled: z.boolean().optional(),
      })
      .refine(oneOf, oneOfWords),
    responses: {
      201: { description: 'Added', body: upstreamView },
      400: failure('Not a description that can be used'),
      409: failure('The name is taken'),
      502: failure('It could not be fetched'),
    },
  },
  api: {
    method: 'GET',
    path: '/v1/apis/:id',
    tag: 'APIs as servers',
    summary: 'The operations of an API, and which are tools',
    access: 'key',
    right: 'relay:manage',
    params,
    responses: { 200: { description: 'The API', body: answer }, 404: failure('No such server, or it is no API') },
  },
  changeApi: {
    method: 'PATCH',
    path: '/v1/apis/:id',
    tag: 'APIs as servers',
    summary: 'Choose operations anew, or give another description',
    description: 'With `refresh` its description is fetched again. Tools that change are held back until a person has looked at them.',
    access: 'key',
    right: 'control:manage',
    params,
    bodyLimit,
    body: z
      .object({ ...given, chosen: chosen.optional(), refresh: z.literal(true).optional() })
      .refine(({ document, source, refresh }) => [document, source, refresh].filter((each) => each !== undefined).length <= 1, {
        message: 'Give one of `document`, `source` and `refresh`',
      }),
    responses: {
      200: { description: 'The API', body: answer },
      400: failure('Not a description that can be used'),
      404: failure('No such server, or it is no API'),
      409: failure('It was given as a file'),
      502: failure('It could not be fetched'),
    },
  },
} as const satisfies Record<string, RouteDefinition>
