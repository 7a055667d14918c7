/** One call of a tool as one request of its API: each argument in its place, written as the API's description says (RFC 6570 styles). */
import type { Json } from '../upstreams/connection.ts'
import { isObject } from './document.ts'
import type { Operation, Parameter } from './operations.ts'

export interface ApiRequest {
  url: URL
  method: string
  headers: Headers
  body: string | FormData | Uint8Array<ArrayBuffer> | undefined
}

/** What is wrong with the arguments, in words for whoever gave them. */
export class ArgumentError extends Error {}

/**
 * `base` is where the API is served; parameters in it, such as a key, are put on every request. `headers` are its credentials, which no
 * argument can take the place of. Throws `ArgumentError`.
 */
export function requestOf(
  operation: Operation,
  args: Json,
  { base, headers: own }: { base: URL; headers: Record<string, string> },
): ApiRequest {
  const { method, parameters, body } = operation
  const known = new Set([...parameters.map(({ argument }) => argument), ...(body === null ? [] : ['body'])])
  const unknown = Object.keys(args).filter((name) => !known.has(name))
  if (unknown.length > 0) throw new ArgumentError(`There is no argument ${unknown.join(', ')}; it takes ${[...known].join(', ') || 'none'}`)
  // What is set as a credential is put on every request; nobody needs to give it.
  const isOwn = ({ in: place, name }: Parameter): boolean =>
    place === 'header' ? Object.keys(own).some((each) => each.toLowerCase() === name.toLowerCase()) : base.searchParams.has(name)
  const given = parameters.flatMap((parameter) => {
    const value = Object.hasOwn(args, parameter.argument) ? args[parameter.argument] : undefined
    if (value !== undefined && value !== null) return [{ parameter, value }]
    if (parameter.required && !isOwn(parameter)) throw new ArgumentError(`The argument ${parameter.argument} is missing`)
    return []
  })
  const at = (place: Parameter['in']) => given.filter(({ parameter }) => parameter.in === place)

  const headers = new Headers()
  for (const { parameter, value } of at('header')) setHeader(headers, parameter, simple(parameter, value))
  const cookies = at('cookie').flatMap(({ parameter, value }) => form(parameter, value, ''))
  if (cookies.length > 0)
    headers.set('cookie', cookies.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('; '))
  const sent = body === null ? undefined : bodyOf(body, args['body'], headers)
  headers.set('accept', 'application/json, text/*;q=0.9, */*;q=0.8')
  for (const [name, value] of Object.entries(own))
    headers.set(name, name.toLowerCase() === 'cookie' && headers.has('cookie') ? `${value}; ${headers.get('cookie') ?? ''}` : value)
  return { url: urlOf(operation, base, at('path'), at('query')), method, headers, body: sent }
}

type Given = { parameter: Parameter; value: unknown }[]

function urlOf({ path }: Operation, base: URL, inPath: Given, inQuery: Given): URL {
  // Some descriptions tell operations of one address apart by what follows it.
  const [, place = '', fixed = ''] = /^([^?#]*)(?:\?([^#]*))?/.exec(path) ?? []
  const filled = place.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => {
    const found = inPath.find(({ parameter }) => parameter.name === name)
    if (found === undefined)
      throw new ArgumentError(`Its address has the part {${name}}, which the description of the API does not explain`)
    return inSegment(found.parameter, found.value)
  })
  // A part of the path stays one part: nobody reaches another address by what he calls a thing.
  if (filled.split('/').some((part) => part === '.' || part === '..'))
    throw new ArgumentError('An argument that stands in the address may be neither “.” nor “..”')
  const url = new URL(base)
  url.pathname = base.pathname.replace(/\/+$/, '') + filled
  const query = inQuery.flatMap(({ parameter, value }) =>
    form(parameter, value, separatorOf(parameter)).map(([name, each]) => pair(parameter, name, each)),
  )
  const own = base.search.slice(1)
  url.search = [...(fixed === '' ? [] : [fixed]), ...query, ...(own === '' ? [] : [own])].join('&')
  url.hash = ''
  return url
}

function inSegment(parameter: Parameter, value: unknown): string {
  const { style, name, argument } = parameter
  const text = simple(parameter, value, encodeURIComponent)
  const prefix = style === 'label' ? '.' : style === 'matrix' ? `;${encodeURIComponent(name)}=` : ''
  if (text === '') throw new ArgumentError(`The argument ${argument} may not be empty: it is a part of the address`)
  return prefix + text
}

function separatorOf({ style }: Parameter): string {
  if (style === 'spaceDelimited') return ' '
  return style === 'pipeDelimited' ? '|' : ','
}

/** What stands between the values of one list stays as it is where the style says so. */
function pair({ style, explode }: Parameter, name: string, value: string): string {
  const encoded =
    explode || style === 'deepObject'
      ? encodeURIComponent(value)
      : value.split(separator).map(encodeURIComponent).join(separatorText(style))
  return `${encodeURIComponent(name)}=${encoded}`
}

/** Stands between the values of a list until each has been encoded; no text has it. */
const separator = '\u{1}'

function separatorText(style: string): string {
  if (style === 'spaceDelimited') return '%20'
  return style === 'pipeDelimited' ? '|' : ','
}

/** Pairs of names and values, not yet encoded. */
function form({ name, style, explode, json }: Parameter, value: unknown, between: string): [string, string][] {
  if (json) return [[name, JSON.stringify(value)]]
  if (style === 'deepObject' && isObject(value)) return deep(name, value)
  if (Array.isArray(value))
    return explode ? value.map((each) => [name, textOf(each)]) : [[name, value.map(textOf).join(between === '' ? ',' : separator)]]
  if (!isObject(value)) return [[name, textOf(value)]]
  const entries = Object.entries(value).map(([key, each]): [string, string] => [key, textOf(each)])
  return explode ? entries : [[name, entries.flat().join(between === '' ? ',' : separator)]]
}

function deep(name: string, value: unknown): [string, string][] {
  if (Array.isArray(value)) return value.map((each) => [`${name}[]`, textOf(each)])
  if (!isObject(value)) return [[name, textOf(value)]]
  return Object.entries(value).flatMap(([key, each]) => deep(`${name}[${key}]`, each))
}

function simple({ json, explode }: Parameter, value: unknown, encode: (text: string) => string = (text) => text): string {
  if (json) return encode(JSON.stringify(value))
  if (Array.isArray(value)) return value.map((each) => encode(textOf(each))).join(',')
  if (!isObject(value)) return encode(textOf(value))
  return Object.entries(value)
    .map(([key, each]) => `${encode(key)}${explode ? '=' : ','}${encode(textOf(each))}`)
    .join(',')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function setHeader(headers: Headers, { name, argument }: Parameter, value: string): void {
  try {
    headers.set(name, value)
  } catch {
    throw new ArgumentError(`The argument ${argument} cannot be sent as a header`)
  }
}

function bodyOf({ type, required }: NonNullable<Operation['body']>, value: unknown, headers: Headers): ApiRequest['body'] {
  if (value === undefined || value === null) {
    if (required) throw new ArgumentError('The argument body is missing')
    return undefined
  }
  if (/multipart\/form-data/i.test(type)) return formDataOf(value)
  headers.set('content-type', type)
  if (/json\b/i.test(type)) return JSON.stringify(value)
  if (/x-www-form-urlencoded/i.test(type)) return new URLSearchParams(fieldsOf(value)).toString()
  if (typeof value !== 'string') throw new ArgumentError(`The argument body is to be a text: it is sent as ${type}`)
  return /^text\//i.test(type) ? value : Uint8Array.from(Buffer.from(value, 'base64'))
}

/** Values that are no text or number go as JSON. */
function fieldsOf(value: unknown): [string, string][] {
  if (!isObject(value)) throw new ArgumentError('The argument body is to be an object')
  return Object.entries(value).flatMap(([name, each]) => valuesOf(each).map((one): [string, string] => [name, textOf(one)]))
}

/** Null stands for nothing, and forms have no word for that. */
function valuesOf(value: unknown): unknown[] {
  return (Array.isArray(value) ? (value as unknown[]) : [value]).filter((each) => each !== null && each !== undefined)
}

/** A file is an object `{data, filename?, type?}` with its bytes as base64; everything else is a field. */
function formDataOf(value: unknown): FormData {
  if (!isObject(value)) throw new ArgumentError('The argument body is to be an object')
  const data = new FormData()
  for (const [name, each] of Object.entries(value))
    for (const one of valuesOf(each)) {
      if (isObject(one) && typeof one['data'] === 'string') {
        const { filename, type } = one
        const bytes = Uint8Array.from(Buffer.from(one['data'], 'base64'))
        data.append(name, new Blob([bytes], typeof type === 'string' ? { type } : {}), typeof filename === 'string' ? filename : name)
      } else data.append(name, textOf(one))
    }
  return data
}
