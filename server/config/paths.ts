/** Reading and changing plain JSON values by path. */
import { isDeepStrictEqual } from 'node:util'

export type JsonObject = Record<string, unknown>
export type Path = readonly (string | number)[]

export function isPlainObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `apis.browsers.port`; the empty path is the whole file. */
export function dotted(path: Path): string {
  return path.join('.')
}

export function getAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, step) => {
    if (Array.isArray(inner)) return inner[Number(step)]
    return isPlainObject(inner) && Object.hasOwn(inner, step) ? inner[step] : undefined
  }, value)
}

/** Puts `value` at `path`, making the objects on the way; whatever else stands on the way gives place. */
export function setAt(target: JsonObject, path: Path, value: unknown): void {
  const [step, ...rest] = path
  if (step === undefined) return
  if (rest.length === 0) return define(target, String(step), value)
  const inner = Object.hasOwn(target, step) ? target[step] : undefined
  const next = isPlainObject(inner) ? inner : {}
  if (next !== inner) define(target, String(step), next)
  setAt(next, rest, value)
}

/** Removes what stands at `path`; false when nothing does. */
export function removeAt(target: unknown, path: Path): boolean {
  const parent = getAt(target, path.slice(0, -1))
  const step = path.at(-1)
  if (step === undefined) return false
  if (Array.isArray(parent)) return parent.splice(Number(step), 1).length > 0
  if (!isPlainObject(parent) || !Object.hasOwn(parent, step)) return false
  return delete parent[step]
}

/** `patch` over `base`: objects are merged, everything else is replaced; neither is changed. */
export function merge(base: unknown, patch: unknown): unknown {
  if (!isPlainObject(base) || !isPlainObject(patch)) return structuredClone(patch)
  const merged: JsonObject = { ...base }
  for (const [name, value] of Object.entries(patch)) define(merged, name, merge(Object.hasOwn(base, name) ? base[name] : undefined, value))
  return merged
}

/** `before` where `now` still is what was tried in its place; `now` where it was changed since. */
export function takenBack(now: unknown, tried: unknown, before: unknown): unknown {
  if (isDeepStrictEqual(now, tried)) return before
  if (!isPlainObject(now) || !isPlainObject(tried) || !isPlainObject(before)) return now
  const result: JsonObject = {}
  for (const name of new Set([...Object.keys(now), ...Object.keys(before)])) {
    const value = takenBack(getAt(now, [name]), getAt(tried, [name]), getAt(before, [name]))
    if (value !== undefined) define(result, name, value)
  }
  return result
}

/** As an own property: assigning to `__proto__`, which JSON may contain, would change the prototype instead. */
function define(target: JsonObject, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true })
}
