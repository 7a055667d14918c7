/**
 * The settings file: `{version, settings}`. Whatever it holds, the server starts: a file of an older version is migrated, a value that
 * cannot be used is kept in `settings.set-aside.json` and named, a file that is no JSON is kept as `settings.broken-TIME.json`.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join, parse } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { iso, systemClock, type Clock } from '../clock.ts'
import { replaceFile } from '../store/files.ts'
import { migrateSettings } from './migrations.ts'
import { isPlainObject } from './paths.ts'
import { salvage, type SetAside } from './salvage.ts'
import { defaultSettings, settingsVersion, type Settings } from './settings.ts'

export interface LoadedSettings {
  settings: Settings
  /** What could not be used, as `GET /control/v1/settings` names it. */
  setAside: SetAside[]
  /** The version the file had; null without a usable file. */
  version: number | null
}

type Now = Pick<Clock, 'now'>

/** Reads the file without ever failing or changing it (a broken one is renamed); the next change writes it anew. */
export function loadSettings(file: string, clock: Now = systemClock): LoadedSettings {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return withDefaults(missing ? null : `the file cannot be read (${String(error)})`)
  }
  const content = parseJson(text)
  return content === undefined ? putAwayBroken(file, clock) : loadContent(file, content, clock)
}

/**
 * Writes the settings so that a crash leaves the old file or the new one. A file that is not of the present version is kept under another
 * name first: `replaced` is the version it had, null when it was not there or could not be read.
 */
export function saveSettings(file: string, settings: unknown, replaced: number | null, clock: Now = systemClock): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  if (replaced !== settingsVersion && existsSync(file)) {
    // Renamed, since what could not be read cannot be copied either.
    if (replaced === null) renameSync(file, beside(file, `unread-${fileTime(clock)}`))
    else copyFileSync(file, beside(file, `version-${replaced}`))
  }
  replaceFile(file, `${JSON.stringify({ version: settingsVersion, settings }, null, 2)}\n`)
}

function loadContent(file: string, content: unknown, clock: Now): LoadedSettings {
  const { version, raw, unusable } = unpack(content)
  const { settings, setAside: refused } = salvage(migrateSettings(raw, version))
  const setAside = [...unusable, ...refused]
  if (version > settingsVersion) {
    const reason = `the file was written by a newer Wheelhouse (version ${version}); what this one knows is used`
    setAside.unshift({ path: 'version', reason, value: version })
  }
  const failure = remember(file, setAside, clock)
  if (failure !== null) setAside.push({ path: '', reason: `${setAsideFile(file)} cannot be written (${failure})`, value: null })
  return { settings, setAside, version }
}

/** Files from before there was a version have the settings at the top. */
function unpack(content: unknown): { version: number; raw: unknown; unusable: SetAside[] } {
  if (!isPlainObject(content)) return { version: settingsVersion, raw: content, unusable: [] }
  const { version = 0, ...rest } = content
  if (version === 0) return { version, raw: rest, unusable: [] }

  const { settings = {}, ...unknown } = rest
  const unusable = Object.entries(unknown).map(([name, value]) => ({ path: name, reason: 'not a known setting', value }))
  if (typeof version === 'number' && Number.isInteger(version) && version > 0) return { version, raw: settings, unusable }
  return { version: settingsVersion, raw: settings, unusable: [{ path: 'version', reason: 'not a version', value: version }, ...unusable] }
}

/** undefined for a text that is no JSON. Editors on Windows put a byte order mark before it. */
function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return value
  } catch {
    return undefined
  }
}

function putAwayBroken(file: string, clock: Now): LoadedSettings {
  const kept = beside(file, `broken-${fileTime(clock)}`)
  try {
    renameSync(file, kept)
    return withDefaults(`the file is not JSON; it is kept as ${kept}`)
  } catch (error) {
    return withDefaults(`the file is not JSON and cannot be put away (${String(error)})`)
  }
}

function withDefaults(reason: string | null): LoadedSettings {
  return { settings: defaultSettings, setAside: reason === null ? [] : [{ path: '', reason, value: null }], version: null }
}

/** Appends what is not there yet, so that a start does not repeat what the one before has written. Returns why it failed. */
function remember(file: string, setAside: readonly SetAside[], clock: Now): string | null {
  if (setAside.length === 0) return null
  const target = setAsideFile(file)
  try {
    const known = readSetAside(target, clock)
    const isKnown = ({ path, value }: SetAside) =>
      known.some((entry) => isPlainObject(entry) && entry['path'] === path && isDeepStrictEqual(entry['value'], value))
    const fresh = setAside.filter((entry) => !isKnown(entry)).map((entry) => ({ at: iso(clock.now()), ...entry }))
    if (fresh.length > 0) replaceFile(target, `${JSON.stringify([...known, ...fresh], null, 2)}\n`)
    return null
  } catch (error) {
    return String(error)
  }
}

function readSetAside(target: string, clock: Now): unknown[] {
  if (!existsSync(target)) return []
  const content = parseJson(readFileSync(target, 'utf8'))
  if (Array.isArray(content)) return content
  renameSync(target, beside(target, `broken-${fileTime(clock)}`))
  return []
}

function setAsideFile(file: string): string {
  return beside(file, 'set-aside')
}

/** `settings.json` → `settings.NAME.json`. */
function beside(file: string, name: string): string {
  const { dir, name: base, ext } = parse(file)
  return join(dir, `${base}.${name}${ext}`)
}

/** A time without the colons that Windows forbids in names. */
function fileTime(clock: Now): string {
  return iso(clock.now()).replaceAll(':', '-')
}
