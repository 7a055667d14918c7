/** OpenAPI 3.1 from a contract's route table. */
import { z } from 'zod'
import type { Contract, RouteDefinition, SocketDefinition } from './contract.ts'
import type { RouteRight } from './rights.ts'

type Json = Record<string, unknown>

/** The document of one API as reached under `base` (empty on its own port, e.g. `/browsers` on the control port). */
export function openApiOf(contract: Contract, base: string): Json {
  const paths: Record<string, Json> = {}
  for (const [name, route] of Object.entries(contract.routes)) {
    const path = route.path.replace(/:([A-Za-z_]\w*)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(name, route, contract) }
  }
  for (const [name, socket] of Object.entries(contract.sockets ?? {})) {
    const path = socket.path.replace(/:([A-Za-z_]\w*)/g, '{$1}')
    paths[path] = { ...paths[path], get: socketOperation(name, socket) }
  }
  return {
    openapi: '3.1.0',
    info: { title: `Wheelhouse: ${contract.title}`, version: contract.version, description: contract.description },
    servers: [{ url: base === '' ? '/' : base }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' } },
      schemas: { Error: jsonSchema(contract.errorSchema, 'output') },
    },
  }
}

function operationOf(name: string, route: RouteDefinition, contract: Contract): Json {
  const responses: Json = {}
  for (const [status, response] of Object.entries(route.responses)) {
    const content =
      response.body === undefined
        ? response.contentType === undefined
          ? undefined
          : { [response.contentType]: {} }
        : { 'application/json': { schema: response.body === contract.errorSchema ? errorReference : jsonSchema(response.body, 'output') } }
    responses[status] = { description: response.description, ...(content === undefined ? {} : { content }) }
  }
  responses['default'] = { description: 'Any other failure', content: { 'application/json': { schema: errorReference } } }
  return {
    operationId: name,
    summary: route.summary,
    ...described(route),
    ...parametersOf(route),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: !route.body.safeParse(undefined).success,
            content: { 'application/json': { schema: jsonSchema(route.body, 'input') } },
          },
        }),
    responses,
  }
}

const errorReference = { $ref: '#/components/schemas/Error' }

function socketOperation(name: string, socket: SocketDefinition): Json {
  return {
    operationId: name,
    summary: `WebSocket: ${socket.summary}`,
    ...described(socket),
    ...parametersOf(socket),
    responses: { 101: { description: 'Switching to WebSocket' } },
  }
}

/**
 * Security as the route's access has it: public none, local optional, key required; and the right a key has to hold, in words and for
 * programs.
 */
function described({ right, ...route }: Pick<RouteDefinition, 'description' | 'tag' | 'access'> & { right: RouteRight }): Json {
  const keyed = [{ bearer: [] }, { apiKey: [] }]
  return {
    description: [route.description, rightWords(right)].filter((text) => text !== undefined).join('\n\n'),
    ...(route.tag === undefined ? {} : { tags: [route.tag] }),
    'x-right': right,
    security: route.access === 'public' ? [] : route.access === 'local' ? [{}, ...keyed] : keyed,
  }
}

function rightWords(right: RouteRight): string {
  if (right === 'anyone') return 'Asks for no key.'
  return right === 'any-key' ? 'Any key that is good will do.' : `A key needs the right \`${right}\`.`
}

function parametersOf(route: Pick<RouteDefinition, 'params' | 'query'>): Json {
  const parameters = [...listOf(route.params, 'path'), ...listOf(route.query, 'query')]
  return parameters.length === 0 ? {} : { parameters }
}

function listOf(schema: z.ZodObject | undefined, place: 'path' | 'query'): Json[] {
  if (schema === undefined) return []
  return Object.entries(schema.shape).map(([name, field]) => {
    const type = field as z.ZodType // zod types a shape's fields by its core interface; every field here is a full schema
    return { name, in: place, required: place === 'path' || !type.safeParse(undefined).success, schema: jsonSchema(type, 'input') }
  })
}

/** JSON Schema 2020-12 as OpenAPI 3.1 wants it; what JSON cannot say is left open rather than refused. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any', reused: 'inline' })
  return rest
}
