/** How the texts of flags and variables become values. Each parser returns undefined for what it does not accept. */
import { isIP } from 'node:net'
import { fileURLToPath } from 'node:url'
import { resolve } from 'node:path'
import { parseRedisAddress } from './redis-address.ts'

export interface Parser<Value> {
  /** What is accepted, in words that follow `give`. */
  accepts: string
  parse(text: string): Value | undefined
}

const unitNanoseconds: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3_600e9 }

/** A duration as Go's `time.ParseDuration` reads it (`1h30m`, `1.5h`, `300ms`), in ms; undefined for anything else. */
export function parseGoDuration(text: string): number | undefined {
  const match = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text)
  if (match === null) return undefined
  const [, sign, parts = ''] = match
  let nanoseconds = 0
  for (const [, number = '', unit = ''] of parts.matchAll(/([\d.]+)([a-zµμ]+)/g))
    nanoseconds += Number(number) * (unitNanoseconds[unit] ?? 0)
  // What Go's int64 of nanoseconds cannot hold it refuses as well.
  if (nanoseconds > 2 ** 63 - 1) return undefined
  return (sign === '-' ? -nanoseconds : nanoseconds) / 1e6
}

export const duration: Parser<number> = {
  accepts: 'a duration above zero such as 30m, 168h or 1h30m',
  parse(text) {
    const ms = parseGoDuration(text)
    return ms !== undefined && ms > 0 ? ms : undefined
  },
}

export function wholeNumber(least: number, most: number): Parser<number> {
  return {
    accepts: `a whole number from ${least} to ${most}`,
    parse(text) {
      const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN
      return number >= least && number <= most ? number : undefined
    },
  }
}

const portNumber = wholeNumber(0, 65_535)

export const controlPort: Parser<number> = { accepts: `${portNumber.accepts} (0 takes any free port)`, parse: portNumber.parse }

export const roomPort: Parser<number | 'off'> = {
  accepts: `${portNumber.accepts} (0 takes any free port) or off`,
  parse: (text) => (text === 'off' ? 'off' : portNumber.parse(text)),
}

export function oneOf<const Value extends string>(...values: readonly Value[]): Parser<Value> {
  return { accepts: `one of ${values.join(', ')}`, parse: (text) => values.find((value) => value === text) }
}

/** A path, made absolute from the folder the program was started in. */
export const path: Parser<string> = {
  accepts: 'a path',
  parse: (text) => (text.length <= 4_096 && !text.includes('\0') ? resolve(text) : undefined),
}

export const bindAddress: Parser<string> = {
  accepts: 'an IP address of this machine such as 127.0.0.1 or ::1, or localhost',
  parse: (text) => (text === 'localhost' || isIP(text) !== 0 ? text : undefined),
}

export function address(...schemes: readonly string[]): Parser<string> {
  return {
    accepts: `an address starting with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    parse(text) {
      const url = URL.parse(text)
      if (url === null || !schemes.includes(url.protocol.slice(0, -1)) || url.hostname === '') return undefined
      // Credentials in an address would end up in links, logs and the window.
      if (url.username !== '' || url.password !== '') return undefined
      return text.replace(/\/+$/, '')
    },
  }
}

export const redisAddress: Parser<string> = {
  accepts:
    'an address such as redis://:password@host:6379/0, redis+sentinel://host:26379,host:26379/MASTER or redis+cluster://host:6379,host:6379 (rediss for TLS)',
  parse: (text) => (parseRedisAddress(text) === null ? undefined : text),
}

/** Visible ASCII: anything else could not be sent in a header. */
export const apiKey: Parser<string> = {
  accepts: '1 to 256 letters, digits and signs without a space',
  parse: (text) => (/^[\x21-\x7e]{1,256}$/.test(text) ? text : undefined),
}

/** `file:///var/lib/bots.db`, `sqlite:bots.db`, `sqlite:///var/lib/bots.db` or a plain path. */
export const sqliteFile: Parser<string> = {
  accepts: 'a SQLite file such as file:///var/lib/wheelhouse/bots.db, sqlite:bots.db or a plain path (other databases are not supported)',
  parse(text) {
    if (text.includes('\0')) return undefined
    const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase()
    if (scheme === undefined) return resolve(text)
    try {
      if (scheme === 'file') return fileURLToPath(text.startsWith('file://') ? text : `file://${resolve(text.slice(5))}`)
    } catch {
      return undefined
    }
    if (scheme !== 'sqlite' && scheme !== 'sqlite3') return undefined
    const name = text.slice(scheme.length + 1).replace(/^\/\/(?=\/|[^/])/, '')
    return name === '' ? undefined : resolve(name)
  },
}
