/** The flags and environment variables of the server: one table from which come parsing, refusals and the help text. */
import { apis, roomNames, rooms, type ApiDescription, type RoomName } from '../rooms.ts'
import { defaultDataDir } from './data-dir.ts'
import {
  address,
  apiKey,
  bindAddress,
  controlPort,
  duration,
  oneOf,
  path,
  redisAddress,
  roomPort,
  sqliteFile,
  wholeNumber,
  type Parser,
} from './parse.ts'

export interface OptionDefinition {
  flag?: string
  /** Stands for the value in the help. */
  placeholder?: string
  variable: string
  /** A second variable, named by a contract; ours wins over it. */
  contractVariable?: string
  parser: Parser<unknown>
  /** The dotted path of the setting it fixes. */
  setting?: string
  /** Never repeated in a message. */
  secret?: boolean
  /** Shown in the help. */
  standard?: string
  help: string
}

function portOption(room: RoomName): OptionDefinition {
  const { portVariable: contractVariable }: ApiDescription = rooms[room]
  return {
    flag: `${room}-port`,
    placeholder: 'N',
    variable: `WHEELHOUSE_${room.toUpperCase()}_PORT`,
    ...(contractVariable === undefined ? {} : { contractVariable }),
    parser: roomPort,
    setting: `apis.${room}.port`,
    standard: String(rooms[room].port),
    help: `port of the ${room} API; 0 takes any free port, off serves it under the control port only`,
  }
}

// Made key by key, which `Object.fromEntries` forgets.
const roomPorts = Object.fromEntries(roomNames.map((room) => [`${room}Port`, portOption(room)])) as Record<
  `${RoomName}Port`,
  OptionDefinition
>

export const table = {
  dataDir: {
    flag: 'data-dir',
    placeholder: 'DIR',
    variable: 'WHEELHOUSE_DATA_DIR',
    parser: path,
    standard: defaultDataDir(),
    help: 'where everything is kept',
  },
  host: {
    flag: 'host',
    placeholder: 'ADDR',
    variable: 'WHEELHOUSE_HOST',
    parser: bindAddress,
    standard: '127.0.0.1',
    help: 'address on which APIs that are open to this machine only listen',
  },
  controlPort: {
    flag: 'control-port',
    placeholder: 'N',
    variable: 'WHEELHOUSE_CONTROL_PORT',
    parser: controlPort,
    setting: 'apis.control.port',
    standard: String(apis.control.port),
    help: 'port of the control API and the window; 0 takes any free port',
  },
  ...roomPorts,
  botsOpenTo: {
    flag: 'bots-open-to',
    placeholder: 'WHOM',
    variable: 'WHEELHOUSE_BOTS_OPEN_TO',
    parser: oneOf('machine', 'lan'),
    setting: 'apis.bots.openTo',
    standard: 'machine',
    help: 'machine or lan: who can reach the bots API; the network needs a key',
  },
  browser: {
    flag: 'browser',
    placeholder: 'PATH',
    variable: 'WHEELHOUSE_BROWSER',
    parser: path,
    setting: 'browsers.executable',
    standard: 'discovered',
    help: 'the Chromium to drive',
  },
  logLevel: {
    flag: 'log-level',
    placeholder: 'L',
    variable: 'WHEELHOUSE_LOG_LEVEL',
    parser: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'),
    setting: 'logLevel',
    standard: 'info',
    help: 'trace, debug, info, warn, error or silent',
  },
  whatsappUrl: {
    flag: 'whatsapp-url',
    placeholder: 'URL',
    variable: 'WHEELHOUSE_WHATSAPP_URL',
    parser: address('wss', 'ws'),
    standard: 'the real one',
    help: 'the WhatsApp server, e.g. a protocol double',
  },
  publicUrl: {
    flag: 'public-url',
    placeholder: 'URL',
    variable: 'WHEELHOUSE_PUBLIC_URL',
    parser: address('http', 'https'),
    standard: "the relay's own address",
    help: "base of the relay's session addresses",
  },
  apiKey: { variable: 'API_KEY', parser: apiKey, secret: true, help: 'a key for the bots API' },
  // A database address commonly carries a password.
  databaseFile: { variable: 'DATABASE_URL', parser: sqliteFile, secret: true, help: 'SQLite file of the bots API' },
  sessionDefaultExpiration: { variable: 'SESSION_DEFAULT_EXPIRATION', parser: duration, standard: '30m', help: 'life of a login session' },
  sessionRememberMeExpiration: {
    variable: 'SESSION_REMEMBER_ME_EXPIRATION',
    parser: duration,
    standard: '168h',
    help: 'life of a login session with remember me',
  },
  jwtRefreshThreshold: {
    variable: 'JWT_REFRESH_THRESHOLD',
    parser: duration,
    standard: '5m',
    help: 'how long before its end a login token is renewed',
  },
  sessionCleanupInterval: {
    variable: 'SESSION_CLEANUP_INTERVAL',
    parser: duration,
    standard: '10m',
    help: 'how often login sessions that are over are removed',
  },
  sessionMaxConcurrent: {
    variable: 'SESSION_MAX_CONCURRENT',
    parser: wholeNumber(1, 1_000_000),
    standard: '5',
    help: 'login sessions a user may have at once',
  },
  sessionStorageType: {
    variable: 'SESSION_STORAGE_TYPE',
    parser: oneOf('memory', 'redis', 'database'),
    standard: 'memory',
    help: 'where login sessions are kept: memory, redis or database',
  },
  // Commonly carries a password.
  redisUrl: {
    variable: 'REDIS_URL',
    parser: redisAddress,
    secret: true,
    standard: 'redis://127.0.0.1:6379',
    help: 'the Redis of login sessions',
  },
} satisfies Record<string, OptionDefinition>

export const definitions: readonly OptionDefinition[] = Object.values(table)

/** The text of `--help`. */
export function helpText(command = 'npm run serve --'): string {
  const withFlag = definitions.filter(({ flag }) => flag !== undefined)
  const variablesOnly = definitions.filter(({ flag }) => flag === undefined)
  const described = ({ help, standard }: OptionDefinition) => (standard === undefined ? help : `${help} (default: ${standard})`)
  const flagRows = withFlag.map((option) => [
    `--${option.flag} ${option.placeholder}`,
    [option.variable, option.contractVariable].filter((name) => name !== undefined).join(', '),
    described(option),
  ])
  const variableRows = variablesOnly.map((option) => [option.variable, described(option)])
  return [
    `Usage: ${command} [flags]`,
    '',
    'Starts the Wheelhouse server without a window. A flag wins over its variable, a variable over the settings file.',
    '`mcp` in place of flags makes a relay session an MCP server on stdio; `mcp --help` says how.',
    '',
    'Flags and their variables:',
    ...columns([...flagRows, ['-h, --help', '', 'this text'], ['--version', '', 'the version']]),
    '',
    'Further variables, as the published APIs name them:',
    ...columns(variableRows),
    '',
  ].join('\n')
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map(
    (row) => `  ${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')}`,
  )
}
