/** The settings in force: the file's values under those a flag or variable fixes; changes are validated, saved, then told. */
import { isDeepStrictEqual } from 'node:util'
import { createSignal } from '../async/signal.ts'
import type { Clock } from '../clock.ts'
import { type Fault, KernelFault } from '../fault.ts'
import type { Log } from '../log.ts'
import type { FixedSettings } from './options.ts'
import { dotted, getAt, isPlainObject, merge, removeAt, setAt, takenBack, type JsonObject } from './paths.ts'
import { unknownPaths } from './salvage.ts'
import { loadSettings, saveSettings } from './settings-file.ts'
import { defaultSettings, settingsSchema, settingsVersion, type Settings } from './settings.ts'
import type { SettingsSource } from './source.ts'

export interface SettingsStore extends SettingsSource {
  /**
   * Merges `patch` (arrays are replaced whole), saves, tells the listeners, returns what is now in force.
   *
   * Throws `settings-invalid` (`details.issues`: `{field, message}[]`) and `setting-fixed` (`details.paths`, `details.by`); nothing is
   * changed then.
   */
  change(patch: unknown): Settings
  /** The same; returns what takes the whole change back, for one that turns out not to work. What was changed since stays. */
  changeOnTrial(patch: unknown): () => void
  /**
   * Puts values in force by dotted path, for as long as something lives that they belong to: nothing of them reaches the file, so that
   * nothing is left of them whatever ends first. They cannot be changed meanwhile. Returns what ends it. Throws `setting-fixed` when one is
   * fixed already.
   */
  lend(values: FixedSettings): () => void
  /** By dotted path, the flag or variable that fixes it, or what it is lent to. */
  fixedPaths(): Record<string, string>
  /** Values of the file that could not be used. */
  setAside(): { path: string; reason: string }[]
  /**
   * Puts the defaults of one section in force until the next start or change: something could not start with what is set there. The file
   * keeps what it holds. False when the defaults are in force already.
   */
  disregard(section: keyof Settings, reason: string): boolean
  readonly file: string
}

export interface SettingsStoreOptions {
  file: string
  fixed?: FixedSettings
  clock?: Clock
  log?: Pick<Log, 'error'>
}

export function createSettingsStore({ file, fixed = new Map(), clock, log }: SettingsStoreOptions): SettingsStore {
  const loaded = loadSettings(file, clock)
  const changes = createSignal<Parameters<Parameters<SettingsSource['onChange']>[0]>>((error) =>
    log?.error({ error: String(error) }, 'a settings listener failed'),
  )
  let version = loaded.version
  let setAside = loaded.setAside.map(({ path, reason }) => ({ path, reason }))
  /** What the file holds; a value fixed from outside must not find its way in. */
  let saved = loaded.settings
  /** Values in force for a time, beside those fixed for the whole run. */
  const lent = new Map<string, { value: unknown; by: string }>()
  const held = (): FixedSettings => new Map([...fixed, ...lent])
  let inForce = withFixed(saved, fixed)

  function change(patch: unknown): Settings {
    const wanted = checkedPatch(patch)
    const result = settingsSchema.safeParse(merge(saved, wanted))
    if (!result.success) throw invalid(result.error.issues.map(({ path, message }) => ({ field: dotted(path.map(String)), message })))
    put(result.data)
    return inForce
  }

  function put(next: Settings): void {
    if (isDeepStrictEqual(next, saved)) return
    saveSettings(file, next, version, clock)
    version = settingsVersion
    // The file no longer holds them; they are kept beside it.
    setAside = []
    saved = next
    enforce(withFixed(saved, held()))
  }

  function enforce(next: Settings): void {
    const before = inForce
    inForce = next
    if (!isDeepStrictEqual(before, inForce)) changes.emit(inForce, before)
  }

  function lend(values: FixedSettings): () => void {
    for (const path of values.keys()) {
      const by = held().get(path)?.by
      if (by !== undefined) throw isFixed([path], by, fixed.has(path))
    }
    // Before any of it is in force: a value that is not accepted throws here.
    const next = withFixed(saved, new Map([...held(), ...values]))
    for (const [path, value] of values) lent.set(path, value)
    enforce(next)
    return () => {
      for (const path of values.keys()) lent.delete(path)
      enforce(withFixed(saved, held()))
    }
  }

  function disregard(section: keyof Settings, reason: string): boolean {
    const standard = withFixed({ ...saved, [section]: defaultSettings[section] }, held())
    if (isDeepStrictEqual(standard[section], inForce[section])) return false
    const before = inForce
    inForce = standard
    setAside = [...setAside, { path: section, reason }]
    changes.emit(inForce, before)
    return true
  }

  function changeOnTrial(patch: unknown): () => void {
    const before = saved
    change(patch)
    const tried = saved
    return () => put(settingsSchema.parse(takenBack(saved, tried, before)))
  }

  /** The patch without what is fixed already to the same value, so that a client may send back all it has read. */
  function checkedPatch(patch: unknown): JsonObject {
    if (!isPlainObject(patch)) throw invalid([{ field: '', message: 'give an object of settings' }])
    const wanted = structuredClone(patch)
    // Against what the patch leads to where it is accepted: the names of roles are the owner's and stand in no default.
    const whole = settingsSchema.safeParse(merge(saved, wanted))
    const unknown = unknownPaths(wanted, whole.success ? whole.data : defaultSettings)
    if (unknown.length > 0) throw invalid(unknown.map((field) => ({ field, message: 'not a known setting' })))
    const refused = [...held()].filter(([path]) => {
      const steps = path.split('.')
      const value = getAt(wanted, steps)
      if (value === undefined) return false
      removeAt(wanted, steps)
      return !isDeepStrictEqual(value, getAt(inForce, steps))
    })
    const [first] = refused
    if (first !== undefined) {
      const [path, { by }] = first
      throw isFixed(
        refused.map(([each]) => each),
        by,
        fixed.has(path),
      )
    }
    return wanted
  }

  return {
    file,
    current: () => inForce,
    change,
    changeOnTrial,
    lend,
    fixedPaths: () => Object.fromEntries([...held()].map(([path, { by }]) => [path, by])),
    setAside: () => setAside,
    disregard,
    onChange: changes.subscribe,
  }
}

function withFixed(settings: Settings, fixed: FixedSettings): Settings {
  const values: JsonObject = structuredClone(settings)
  for (const [path, { value }] of fixed) setAt(values, path.split('.'), value)
  return deepFreeze(settingsSchema.parse(values))
}

/** One object is handed to everybody; a room that changed it would change it for all. */
function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}

function isFixed(paths: string[], by: string, forTheRun: boolean): Fault {
  return new KernelFault(
    'setting-fixed',
    `${paths[0] ?? ''} is fixed by ${by}; ${forTheRun ? 'start without it' : 'end it'} to change the setting here`,
    { paths, by },
  )
}

function invalid(issues: { field: string; message: string }[]): Fault {
  const named = issues.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`)).join('; ')
  return new KernelFault('settings-invalid', `These settings are not accepted: ${named}`, { issues })
}
