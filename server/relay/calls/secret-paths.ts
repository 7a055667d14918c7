/** Where secrets stand in the arguments of a tool: by its schema, or as one of Wheelhouse's own tools names them. */
import { isSecretArgument } from '../contract/secret-names.ts'
import type { Json } from '../upstreams/connection.ts'

/** Names from the outside in; `*` is each of a list, or each field. */
export type Path = readonly string[]

/** Several of them as one, so that arguments are walked once however many there are. */
export interface Paths {
  steps: Steps
  /** What has the name of a secret is one, wherever it stands: not all of the schema was looked at. */
  byName: boolean
}

interface Steps {
  ends: boolean
  on: Map<string, Steps>
}

/** A place that a schema describes, with the parts that were met there. */
interface Place {
  name: string
  at: Path
  parts: Set<unknown>
  inside: Map<string, Place>
}

/** Schemas may lead in circles, or be made to. */
const deepest = 8
const mostLooked = 2_000
/** Where names alone decide, what stands further in than this is a secret as a whole. */
const deepestName = 64

export function pathsOf(paths: readonly Path[], byName = false): Paths {
  const steps = newSteps()
  for (const path of paths) path.reduce(stepOn, steps).ends = true
  return { steps, byName }
}

export const isNone = ({ steps, byName }: Paths): boolean => steps.on.size === 0 && !byName

/** From the outside in, so that what leads in circles takes nothing from what stands beside it. */
export function secretPathsOf(schema: unknown): Paths {
  const found: Path[] = []
  const resolve = resolverOf(schema)
  const ahead: { place: Place; part: Json }[] = []
  let looked = 0
  let byName = false
  look(newPlace('', []), schema)
  for (const { place, part } of ahead) {
    if (place.at.length > 0 && isSecretArgument(place.name, part)) found.push(place.at)
    else if (place.at.length > deepest) byName = true
    // Listing what stands in a part takes long by itself where that is much.
    else if (looked < mostLooked)
      for (const [inner, given] of within(part, place)) {
        if (looked >= mostLooked) break
        look(inner, given)
      }
  }
  return pathsOf(found, byName || looked >= mostLooked)

  function look(place: Place, given: unknown): void {
    looked += 1
    const part = resolve(given)
    if (!isObject(part) || place.parts.has(part)) return
    place.parts.add(part)
    ahead.push({ place, part })
  }
}

function* within(part: Json, place: Place): Generator<[Place, unknown]> {
  const { properties, items, additionalProperties } = part
  const inside = (step: string, name = step): Place => {
    const next = place.inside.get(step) ?? newPlace(name, [...place.at, step])
    place.inside.set(step, next)
    return next
  }
  for (const [name, property] of Object.entries(isObject(properties) ? properties : {})) yield [inside(name), property]
  const each = inside('*', '')
  for (const given of [items, additionalProperties]) yield [each, given]
  for (const given of [part['anyOf'], part['oneOf'], part['allOf']])
    for (const branch of Array.isArray(given) ? (given as unknown[]) : [given]) yield [place, branch]
}

/** `#` and `#/$defs/name`, once: what leads on from there is no secret. */
function resolverOf(schema: unknown): (part: unknown) => unknown {
  const known = new Map<string, unknown>([['#', schema]])
  return (part) => {
    const reference = isObject(part) ? part['$ref'] : undefined
    if (typeof reference !== 'string') return part
    if (!known.has(reference)) known.set(reference, reference.startsWith('#/') ? pointed(schema, reference) : part)
    return known.get(reference)
  }
}

function pointed(schema: unknown, reference: string): unknown {
  let found: unknown = schema
  for (const step of reference.slice(2).split('/')) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined
  }
  return found
}

/**
 * The places in these arguments where something stands, as JSON pointers say them, none within another. What is true, false or nothing is
 * no secret.
 */
export function placesOf(args: unknown, { steps, byName }: Paths): string[][] {
  return [...follow(args, [steps], byName, [])]
}

export const pointerOf = (place: readonly string[]): string =>
  place.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** A copy that says something else there; what else it holds is the same. */
export function withPlaces(value: unknown, places: readonly (readonly string[])[], instead: unknown): unknown {
  return put(value, pathsOf(places).steps, instead)
}

export function valueAt(value: unknown, place: readonly string[]): unknown {
  return place.reduce<unknown>((at, step) => (Object(at) as Json)[step], value)
}

function* follow(value: unknown, ways: readonly Steps[], byName: boolean, place: string[]): Generator<string[]> {
  const isAnything = value !== undefined && value !== null && value !== '' && typeof value !== 'boolean'
  if (isAnything && (ways.some(({ ends }) => ends) || (byName && isNamed(value, place)))) return yield place
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) {
    const on = ways.flatMap((way) => [way.on.get(name), way.on.get('*')].filter((each) => each !== undefined))
    if (on.length > 0 || byName) yield* follow(inner, on, byName, [...place, name])
  }
}

/** As of an argument of which nothing is said: a list of secrets is one. */
function isNamed(value: unknown, place: readonly string[]): boolean {
  return (!isObject(value) && isSecretArgument(place.at(-1) ?? '', undefined)) || place.length > deepestName
}

function put(value: unknown, { ends, on }: Steps, instead: unknown): unknown {
  if (ends) return instead
  if (on.size === 0) return value
  const changed = [...on].map(([step, further]) => [step, put((Object(value) as Json)[step], further, instead)] as const)
  if (!Array.isArray(value)) return { ...(Object(value) as Json), ...Object.fromEntries(changed) }
  const copy = [...(value as unknown[])]
  for (const [step, made] of changed) copy[Number(step)] = made
  return copy
}

const newPlace = (name: string, at: Path): Place => ({ name, at, parts: new Set(), inside: new Map() })
const newSteps = (): Steps => ({ ends: false, on: new Map() })

function stepOn({ on }: Steps, step: string): Steps {
  const next = on.get(step) ?? newSteps()
  on.set(step, next)
  return next
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
