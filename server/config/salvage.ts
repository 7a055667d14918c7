/** Gets valid settings out of whatever a settings file holds: bad values are taken out one by one, the rest counts. */
import type { z } from 'zod'
import { dotted, getAt, isPlainObject, removeAt, type Path } from './paths.ts'
import { settingsSchema, type Settings } from './settings.ts'

export interface SetAside {
  /** Dotted path in the file; empty for the file as a whole. */
  path: string
  /** Why it could not be used, in words. */
  reason: string
  value: unknown
}

export function salvage(raw: unknown): { settings: Settings; setAside: SetAside[] } {
  if (!isPlainObject(raw))
    return { settings: settingsSchema.parse({}), setAside: [{ path: '', reason: 'not an object of settings', value: raw }] }
  const rest = structuredClone(raw)
  const setAside: SetAside[] = []

  for (;;) {
    const result = settingsSchema.safeParse(rest)
    if (result.success) return { settings: result.data, setAside: [...setAside, ...unknownValues(rest, result.data)] }
    const removed = takeOut(rest, result.error.issues)
    setAside.push(...removed)
    // Each round takes something out, so this ends; a schema that refuses even what is left over would be ours to mend.
    if (removed.length === 0) {
      return {
        settings: settingsSchema.parse({}),
        setAside: [...setAside, { path: '', reason: 'the settings do not fit together', value: rest }],
      }
    }
  }
}

function takeOut(target: unknown, issues: readonly z.core.$ZodIssue[]): SetAside[] {
  const places = new Map(
    issues.map((issue) => [issue.path.map(plainStep).join('.'), { path: issue.path.map(plainStep), reason: issue.message }]),
  )
  // Later elements of an array first: taking one out moves those behind it.
  return [...places.values()]
    .sort((a, b) => compare(b.path, a.path))
    .flatMap(({ path, reason }) => {
      const value: unknown = getAt(target, path)
      return removeAt(target, path) ? [{ path: dotted(path), reason, value }] : []
    })
}

/** JSON has no symbols for names, though the type of an issue allows them. */
function plainStep(step: PropertyKey): string | number {
  return typeof step === 'symbol' ? String(step) : step
}

function compare(a: Path, b: Path): number {
  for (const [index, step] of a.entries()) {
    const other = b[index]
    if (other === undefined) return 1
    if (step === other) continue
    return typeof step === 'number' && typeof other === 'number' ? step - other : String(step) < String(other) ? -1 : 1
  }
  return a.length - b.length
}

/** What the file says and no setting takes up. Each is named at the highest place that is unknown. */
export function unknownValues(raw: unknown, known: unknown, path: Path = []): SetAside[] {
  if (!isPlainObject(raw) || !isPlainObject(known)) return []
  return Object.entries(raw).flatMap(([name, value]) => {
    const at = [...path, name]
    return Object.hasOwn(known, name) ? unknownValues(value, known[name], at) : [{ path: dotted(at), reason: 'not a known setting', value }]
  })
}

/** Reports what a change holds that is no setting. */
export function unknownPaths(patch: unknown, known: unknown): string[] {
  return unknownValues(patch, known).map(({ path }) => path)
}
