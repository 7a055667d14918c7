/** Reads the flags and environment variables that `option-table.ts` lists. */
import { parseArgs } from 'node:util'
import { defaultDataDir } from './data-dir.ts'
import { definitions, table, type OptionDefinition } from './option-table.ts'
import type { Parser } from './parse.ts'

export { helpText } from './option-table.ts'

/** A start that cannot be: the message is one line for the person at the terminal. */
export class OptionError extends Error {
  override readonly name = 'OptionError'
}

/** The variables the published contracts name, parsed; null where not given. Durations in ms. */
export interface ContractVariables {
  apiKey: string | null
  /** Path of the bots' SQLite file. */
  databaseFile: string | null
  sessionDefaultExpiration: number | null
  sessionRememberMeExpiration: number | null
  jwtRefreshThreshold: number | null
  sessionCleanupInterval: number | null
  sessionMaxConcurrent: number | null
  sessionStorageType: 'memory' | 'redis' | 'database' | null
  redisUrl: string | null
}

export type FixedSettings = ReadonlyMap<string, { value: unknown; by: string }>

export interface Options {
  dataDir: string
  /** Where APIs open to this machine only are bound. */
  host: string
  /** By dotted settings path. */
  fixed: FixedSettings
  /** null: the real one. */
  whatsappUrl: string | null
  /** null: the relay's own address. */
  publicUrl: string | null
  contractVariables: ContractVariables
  /** The text to print instead of starting, when `--help` or `--version` was asked for. */
  show: 'help' | 'version' | null
}

type OptionName = keyof typeof table

/** The flags that take a value, e.g. `--host`: for the desktop app, whose command line carries Chromium's switches as well. */
export const flagNames: readonly string[] = definitions.flatMap(({ flag }) => (flag === undefined ? [] : [`--${flag}`]))

type Environment = Readonly<Record<string, string | undefined>>

interface Given<Value> {
  value: Value
  /** `--host` or `WHEELHOUSE_HOST`. */
  by: string
}

/**
 * Reads `argv` (without program and script) and `env`. An empty variable counts as not given, as shells and container files cannot unset
 * one.
 *
 * Throws `OptionError` for a flag that is not known, a flag without its value and a value that is not accepted.
 */
export function readOptions(argv: readonly string[], env: Environment): Options {
  const given = readFlags(argv)
  const show = given.has('help') ? 'help' : given.has('version') ? 'version' : null
  // Who asks for help needs no start, and is not told first what would stop one.
  return { ...(show === null ? parseAll(given, env) : parseAll(new Map(), {})), show }
}

function parseAll(flags: ReadonlyMap<string, string>, env: Environment): Omit<Options, 'show'> {
  /** The cast is the table's word: a parser of the table gives the type its option has in `Options`. */
  const read = <Name extends OptionName>(name: Name) =>
    readOne(table[name], flags, env) as Given<ParsedBy<(typeof table)[Name]['parser']>> | null
  const value = <Name extends OptionName>(name: Name) => read(name)?.value ?? null

  const fixed = new Map<string, { value: unknown; by: string }>()
  for (const definition of definitions) {
    const given = definition.setting === undefined ? null : readOne(definition, flags, env)
    if (definition.setting !== undefined && given !== null) fixed.set(definition.setting, given)
  }

  return {
    dataDir: value('dataDir') ?? defaultDataDir(process.platform, env),
    host: value('host') ?? '127.0.0.1',
    fixed,
    whatsappUrl: value('whatsappUrl'),
    publicUrl: value('publicUrl'),
    contractVariables: {
      apiKey: value('apiKey'),
      databaseFile: value('databaseFile'),
      sessionDefaultExpiration: value('sessionDefaultExpiration'),
      sessionRememberMeExpiration: value('sessionRememberMeExpiration'),
      jwtRefreshThreshold: value('jwtRefreshThreshold'),
      sessionCleanupInterval: value('sessionCleanupInterval'),
      sessionMaxConcurrent: value('sessionMaxConcurrent'),
      sessionStorageType: value('sessionStorageType'),
      redisUrl: value('redisUrl'),
    },
  }
}

type ParsedBy<P> = P extends Parser<infer Value> ? Value : never

/** The values of the given flags, by name. Reads the tokens itself, since parseArgs' own messages run over several lines. */
function readFlags(argv: readonly string[]): Map<string, string> {
  const valued = definitions.flatMap(({ flag }) => (flag === undefined ? [] : [flag]))
  const withValue = Object.fromEntries(valued.map((flag) => [flag, { type: 'string' as const }]))
  const { tokens } = parseArgs({
    args: [...argv],
    options: { ...withValue, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const given = new Map<string, string>()
  for (const token of tokens) {
    if (token.kind === 'positional') throw new OptionError(`${token.value} is not a flag; --help lists them`)
    if (token.kind !== 'option') continue
    const definition = definitions.find(({ flag }) => flag === token.name)
    if (definition !== undefined) {
      const missing = token.value === undefined || (!token.inlineValue && token.value.startsWith('-'))
      if (missing || token.value === '') throw new OptionError(`--${token.name} needs a value: give ${definition.parser.accepts}`)
      given.set(token.name, token.value ?? '')
    } else if (token.name === 'help' || token.name === 'version') {
      if (token.value !== undefined) throw new OptionError(`--${token.name} takes no value`)
      given.set(token.name, '')
    } else {
      throw new OptionError(`${token.rawName} is not a known flag${suggestion(token.name, valued)}`)
    }
  }
  return given
}

/** The flag that was probably meant, for the commonest slips: a missing dash or a different ending. */
function suggestion(name: string, known: readonly string[]): string {
  const plain = (text: string) => text.toLowerCase().replace(/[-_]/g, '')
  const meant = known.find((flag) => plain(flag) === plain(name) || (name.length >= 3 && plain(flag).startsWith(plain(name))))
  return meant === undefined ? '; --help lists them' : `; did you mean --${meant}?`
}

function readOne(definition: OptionDefinition, flags: ReadonlyMap<string, string>, env: Environment): Given<unknown> | null {
  const { flag, variable, contractVariable, parser, secret = false } = definition
  const sources = [
    { by: `--${flag}`, text: flag === undefined ? undefined : flags.get(flag) },
    { by: variable, text: env[variable] },
    { by: contractVariable ?? '', text: contractVariable === undefined ? undefined : env[contractVariable] },
  ]
  const source = sources.find(({ text }) => text !== undefined && text !== '')
  if (source?.text === undefined) return null
  const value = parser.parse(source.text)
  if (value === undefined)
    throw new OptionError(`${source.by}${secret ? '' : ` ${shown(source.text)}`} is not accepted: give ${parser.accepts}`)
  return { value, by: source.by }
}

/** A value as a message may repeat it: short, on one line, without the credentials of an address. */
function shown(text: string): string {
  return JSON.stringify(text.replace(/\/\/[^/]*@/, '//').slice(0, 100))
}
