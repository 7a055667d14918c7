/** The operations of an API as tools: one for each, under a name that every model takes, with one argument for each thing it wants. */
import type { Json } from '../upstreams/connection.ts'
import { invalid, isObject } from './document.ts'
import { withFiles } from './files.ts'
import { resolved } from './references.ts'
import { free, schemaOf } from './schemas.ts'

export type Place = 'path' | 'query' | 'header' | 'cookie'

export interface Parameter {
  /** What the tool calls it. */
  argument: string
  /** What the API calls it. */
  name: string
  in: Place
  required: boolean
  style: string
  explode: boolean
  /** Its value goes as JSON text. */
  json: boolean
}

export interface Operation {
  /** `GET /pets/{id}`: the same for as long as the API has it. */
  id: string
  /** Of its tool. */
  name: string
  method: string
  path: string
  summary: string
  description: string
  deprecated: boolean
  parameters: Parameter[]
  /** How the argument `body` is sent; null for none. */
  body: { type: string; required: boolean } | null
  inputSchema: Json
}

/** A credential that an API asks for. */
export interface Credential {
  /** As the document calls it. */
  name: string
  kind: 'header' | 'query' | 'cookie' | 'bearer' | 'basic' | 'oauth'
  /** Of the header, query parameter or cookie. */
  parameter: string
  description: string
}

export interface ApiPlan {
  title: string
  version: string
  description: string
  /** Where it is served; those that are relative stand for the place the document came from. */
  servers: string[]
  credentials: Credential[]
  operations: Operation[]
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const
const places: readonly string[] = ['path', 'query', 'header', 'cookie']
/** By RFC and by OpenAPI: what a connection or our own credentials say is no argument. */
const ownHeaders = new Set([
  'accept',
  'content-type',
  'authorization',
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'cookie',
])
const maxOperations = 2_000
/** Characters of all of them: each holds what it refers to, and the house takes them in, writes and reads them as a whole. */
const maxPlan = 32 * 1_048_576
const maxText = 2_000

/** Read in the order of the document. Throws `openapi-invalid`. */
export function planOf(document: Json): ApiPlan {
  const info = isObject(document['info']) ? document['info'] : {}
  const taken = {}
  const operations: Operation[] = []
  let size = 0
  for (const [path, item] of Object.entries(isObject(document['paths']) ? document['paths'] : {})) {
    const pathItem = resolved(document, item)
    if (pathItem === undefined || !path.startsWith('/')) continue
    for (const method of methods) {
      const operation = resolved(document, pathItem[method])
      if (operation === undefined || operations.length >= maxOperations) continue
      const name = free(taken, toolNameOf(operation['operationId'], method, path))
      Object.assign(taken, { [name]: true })
      const read = operationOf(document, { path, method, name, operation, shared: pathItem['parameters'] })
      size += JSON.stringify(read).length
      if (size > maxPlan) throw invalid(`Its operations have more than ${maxPlan / 1_048_576} MiB, each with all it refers to`)
      operations.push(read)
    }
  }
  return {
    title: textOf(info['title'], 200) || 'An API without a title',
    version: textOf(info['version'], 60),
    description: textOf(info['description']),
    servers: serversOf(document),
    credentials: credentialsOf(document),
    operations,
  }
}

/** Letters, digits, `_` and `-`, at most 60, so that a number still fits. */
function toolNameOf(operationId: unknown, method: string, path: string): string {
  const given =
    typeof operationId === 'string' && /[A-Za-z0-9]/.test(operationId) ? operationId : `${method}${path.replaceAll(/[{}]/g, '')}`
  const name = given.replaceAll(/[^A-Za-z0-9_-]+/g, '_').replaceAll(/^_+|_+$/g, '')
  return name.slice(0, 60) || method
}

interface Found {
  path: string
  method: string
  name: string
  operation: Json
  /** Of all operations of its path. */
  shared: unknown
}

function operationOf(document: Json, { path, method, name, operation, shared }: Found): Operation {
  const properties: Json = {}
  const definitions: Json = {}
  const required: string[] = []
  const add = (argument: string, wanted: { schema: unknown; description: string; required: boolean }): void => {
    const found = schemaOf(document, wanted.schema)
    Object.assign(definitions, found?.definitions)
    const hint = found === null ? 'Its schema is too large to be shown; see the documentation of the API.' : ''
    const description = [wanted.description, hint].filter((text) => text !== '').join(' ')
    properties[argument] = { ...found?.schema, ...(description === '' ? {} : { description }) }
    if (wanted.required) required.push(argument)
  }

  const asked = bodyOf(document, operation['requestBody'])
  const parameters = parametersOf(document, unexplained(path), shared, operation['parameters']).map(
    ({ schema, description, ...parameter }) => {
      const argument = free({ ...properties, ...(asked === null ? {} : { body: {} }) }, argumentOf(parameter.name))
      add(argument, { schema, description, required: parameter.required })
      return { ...parameter, argument }
    },
  )
  if (asked !== null) add('body', asked)
  const inputSchema: Json = {
    type: 'object',
    properties,
    ...(required.length === 0 ? {} : { required }),
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions }),
  }
  return {
    id: `${method.toUpperCase()} ${path}`,
    ...{ name, method: method.toUpperCase(), path, parameters, inputSchema },
    summary: textOf(operation['summary'], 200),
    description: textOf(operation['description']),
    deprecated: operation['deprecated'] === true,
    body: asked === null ? null : { type: asked.type, required: asked.required },
  }
}

/** Parts of an address that a description may forget. */
function unexplained(path: string): Json[] {
  return [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => ({ name, in: 'path', schema: { type: 'string' } }))
}

type GivenParameter = Omit<Parameter, 'argument'> & { schema: unknown; description: string }

/** Those of the operation stand in for those of its path that have the same name and place. */
function parametersOf(document: Json, ...lists: unknown[]): GivenParameter[] {
  const found = new Map<string, GivenParameter>()
  for (const each of lists.flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []))) {
    const parameter = resolved(document, each)
    const { name, in: place } = parameter ?? {}
    if (parameter === undefined || typeof name !== 'string' || typeof place !== 'string' || !places.includes(place)) continue
    if (place === 'header' && ownHeaders.has(name.toLowerCase())) continue
    const content = isObject(parameter['content']) ? Object.values(parameter['content'])[0] : undefined
    const style = typeof parameter['style'] === 'string' ? parameter['style'] : place === 'query' || place === 'cookie' ? 'form' : 'simple'
    found.set(`${place} ${name}`, {
      ...{ name, style },
      // Checked above to be one of them.
      in: place as Place,
      required: place === 'path' || parameter['required'] === true,
      explode: typeof parameter['explode'] === 'boolean' ? parameter['explode'] : style === 'form',
      json: content !== undefined,
      schema: isObject(content) ? content['schema'] : parameter['schema'],
      description: textOf(parameter['description']),
    })
  }
  return [...found.values()]
}

/** What most APIs mean when they take several kinds, first. */
const bodyTypes = [
  /^application\/json\b/i,
  /^[^;]*\+json\b/i,
  /^application\/x-www-form-urlencoded\b/i,
  /^multipart\/form-data\b/i,
  /^text\//i,
]

function bodyOf(document: Json, given: unknown): { type: string; required: boolean; schema: unknown; description: string } | null {
  const body = resolved(document, given)
  const content = isObject(body?.['content']) ? body['content'] : {}
  const types = Object.keys(content)
  const first = types[0]
  if (body === undefined || first === undefined) return null
  const type = bodyTypes.map((pattern) => types.find((each) => pattern.test(each))).find((each) => each !== undefined) ?? first
  const media = content[type]
  const isText = !/json\b|x-www-form-urlencoded|multipart\/form-data/i.test(type)
  const description = textOf(body['description'])
  return {
    type: type === '*/*' ? 'application/json' : type,
    required: body['required'] === true,
    schema: isText ? { type: 'string' } : withFiles(document, type, isObject(media) ? media['schema'] : undefined),
    description: /^text\//i.test(type) || !isText ? description : [description, `Sent as ${type}, given as base64.`].join(' ').trim(),
  }
}

function serversOf(document: Json): string[] {
  const servers = Array.isArray(document['servers']) ? (document['servers'] as unknown[]) : []
  return servers.slice(0, 50).flatMap((server) => {
    if (!isObject(server) || typeof server['url'] !== 'string') return []
    const variables = isObject(server['variables']) ? server['variables'] : {}
    return [
      server['url'].replaceAll(/\{([^{}]*)\}/g, (whole, name: string) => {
        const variable = variables[name]
        return isObject(variable) && typeof variable['default'] === 'string' ? variable['default'] : whole
      }),
    ]
  })
}

function credentialsOf(document: Json): Credential[] {
  const components = isObject(document['components']) ? document['components'] : {}
  const schemes = isObject(components['securitySchemes']) ? components['securitySchemes'] : {}
  return Object.entries(schemes).flatMap(([name, given]): Credential[] => {
    const scheme = resolved(document, given)
    const description = textOf(scheme?.['description'], 300)
    if (scheme === undefined) return []
    const authorization = { name, parameter: 'Authorization', description }
    if (scheme['type'] === 'apiKey') {
      const { in: place, name: parameter } = scheme
      if (typeof parameter !== 'string' || (place !== 'header' && place !== 'query' && place !== 'cookie')) return []
      return [{ name, kind: place, parameter, description }]
    }
    if (scheme['type'] === 'http')
      return [{ ...authorization, kind: textOf(scheme['scheme']).toLowerCase() === 'basic' ? 'basic' : 'bearer' }]
    return scheme['type'] === 'oauth2' || scheme['type'] === 'openIdConnect' ? [{ ...authorization, kind: 'oauth' }] : []
  })
}

/** Names of arguments that every model takes. */
function argumentOf(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.-]+/g, '_').slice(0, 60) || 'value'
}

function textOf(value: unknown, most = maxText): string {
  return typeof value === 'string' ? value.trim().slice(0, most) : ''
}
