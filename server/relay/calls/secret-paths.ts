/** Where secrets stand in the arguments of a tool: by its schema, or as one of Wheelhouse's own tools names them. */
import { isSecretArgument } from '../contract/secret-names.ts'
import type { Json } from '../upstreams/connection.ts'

/** Names from the outside in; `*` is each of a list, or each field. */
export type Path = readonly string[]

/** Schemas may lead in circles, or be made to. */
const deepest = 8
const mostLooked = 2_000

export function secretPathsOf(schema: unknown): Path[] {
  const found: Path[] = []
  let looked = 0
  look('', schema, [])
  return found

  function look(name: string, given: unknown, at: Path): void {
    looked += 1
    const part = resolve(given)
    if (!isObject(part) || at.length > deepest || looked > mostLooked) return
    if (at.length > 0 && isSecretArgument(name, part)) {
      found.push(at)
      return
    }
    const { properties, items, additionalProperties } = part
    for (const [inner, property] of Object.entries(isObject(properties) ? properties : {})) look(inner, property, [...at, inner])
    for (const each of [items, additionalProperties]) look('', each, [...at, '*'])
    for (const each of ['anyOf', 'oneOf', 'allOf'].flatMap((kind) => part[kind] ?? [])) look(name, each, at)
  }

  /** `#/$defs/name`, once: what leads on from there is no secret. */
  function resolve(part: unknown): unknown {
    const reference = isObject(part) ? part['$ref'] : undefined
    if (typeof reference !== 'string' || !reference.startsWith('#/')) return part
    let found: unknown = schema
    for (const step of reference.slice(2).split('/')) {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
      found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined
    }
    return found
  }
}

/** The places in these arguments where something stands, as JSON pointers say them. What is true, false or nothing is no secret. */
export function placesOf(args: unknown, paths: readonly Path[]): string[][] {
  const places = paths.flatMap((path) => [...follow(args, path, [])])
  return [...new Map(places.map((place) => [pointerOf(place), place])).values()]
}

export const pointerOf = (place: readonly string[]): string =>
  place.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** A copy that says something else there; what else it holds is the same. */
export function withPlaces(value: unknown, places: readonly (readonly string[])[], instead: unknown): unknown {
  return places.reduce<unknown>((made, place) => put(made, place, instead), value)
}

export function valueAt(value: unknown, place: readonly string[]): unknown {
  return place.reduce<unknown>((at, step) => (Object(at) as Json)[step], value)
}

function* follow(value: unknown, [step, ...rest]: Path, place: string[]): Generator<string[]> {
  if (step === undefined) {
    if (value !== undefined && value !== null && value !== '' && typeof value !== 'boolean') yield place
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of step === '*' ? Object.entries(value) : Object.hasOwn(value, step) ? [[step, Reflect.get(value, step)]] : [])
    yield* follow(inner, rest, [...place, String(name)])
}

function put(value: unknown, [step, ...rest]: readonly string[], instead: unknown): unknown {
  if (step === undefined) return instead
  const at = put((Object(value) as Json)[step], rest, instead)
  return Array.isArray(value) ? value.with(Number(step), at) : { ...(Object(value) as Json), [step]: at }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
