/** Reads the MCP servers out of the configuration of Claude Desktop, Claude Code, Cursor and VS Code. Nothing is run. */
import { RelayFault } from '../fault.ts'
import type { ImportableServer } from '../contract/native-servers.ts'
import { newUpstream, type NewUpstream } from '../contract/upstream.ts'
import { plainText } from '../../plain-text.ts'

export interface FoundServer {
  shown: ImportableServer
  /** Null when it cannot be taken over. */
  definition: NewUpstream | null
}

/** Throws `config-invalid` when the text is no configuration we know. */
export function readClientConfig(text: string): FoundServer[] {
  let config: unknown
  try {
    config = JSON.parse(withoutComments(text))
  } catch {
    throw new RelayFault('config-invalid', 'This is not JSON')
  }
  const found = serverTables(config).flatMap((table) => Object.entries(table).map(([name, entry]) => serverOf(name, entry)))
  if (found.length === 0) throw new RelayFault('config-invalid', 'No MCP servers were found: expected `mcpServers` or `servers`')
  // The same server may stand in several projects of one file.
  return found.filter(
    ({ shown }, index) =>
      found.findIndex((other) => other.shown.name === shown.name && other.shown.commandLine === shown.commandLine) === index,
  )
}

/** Exactly what would be run or called, quoted so that it can be read in one way only. */
export function commandLineOf({
  transport,
  command,
  args = [],
  url,
}: {
  transport: string
  command?: string | null | undefined
  args?: readonly string[] | undefined
  url?: string | null | undefined
}): string {
  if (transport !== 'stdio') return url ?? ''
  return [command ?? '', ...args]
    .map((part) => (/^[\w@%+=:,./\\-]+$/.test(part) ? part : `'${part.replaceAll("'", String.raw`'\''`)}'`))
    .join(' ')
}

type Table = Readonly<Record<string, unknown>>

function serverTables(config: unknown): Table[] {
  if (!isTable(config)) return []
  const mcp = config['mcp']
  const projects = isTable(config['projects']) ? Object.values(config['projects']).flatMap(serverTables) : []
  return [config['mcpServers'], config['servers'], isTable(mcp) ? mcp['servers'] : undefined].filter(isTable).concat(projects)
}

function serverOf(name: string, entry: unknown): FoundServer {
  const given = isTable(entry) ? entry : {}
  const command = textOf(given['command'])
  const url = textOf(given['url']) ?? textOf(given['serverUrl'])
  const type = plainText(given['type'] ?? given['transport'] ?? '')
  const transport = command !== null ? 'stdio' : type === 'sse' || (type === '' && url?.endsWith('/sse') === true) ? 'sse' : 'http'
  const args = Array.isArray(given['args']) ? given['args'].map(plainText) : []
  const env = textsOf(given['env'])
  const headers = textsOf(given['headers'])
  const cwd = textOf(given['cwd'])
  const definition = { name: nameOf(name), transport, command, args, url, cwd, env, headers, enabled: given['disabled'] !== true } as const
  const checked = newUpstream.safeParse(definition)
  const asks = /\$\{(?:input|workspaceFolder|env):?[^{}]{0,200}\}/.exec(JSON.stringify([command, args, env, headers, url, cwd]))?.[0]
  const problem = !checked.success
    ? checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
    : asks === undefined
      ? null
      : `${asks} is filled in by the other program; put the value in its place`
  const shown: ImportableServer = {
    name,
    transport,
    commandLine: commandLineOf(definition),
    cwd,
    envNames: Object.keys(env).sort(),
    headerNames: Object.keys(headers).sort(),
    problem,
  }
  return { shown, definition: checked.success && asks === undefined ? checked.data : null }
}

/** Clients allow any name; ours becomes a part of tool names. */
function nameOf(name: string): string {
  return (
    name
      .replace(/[^A-Za-z0-9_.-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 63) || 'server'
  )
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function textsOf(value: unknown): Record<string, string> {
  return isTable(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plainText(each)])) : {}
}

/**
 * VS Code writes comments and commas before closing brackets; neither is touched inside a text. What has no end ends with the whole: looked
 * for again from each further beginning, a missing end takes as long as somebody likes.
 */
function withoutComments(text: string): string {
  return text
    .replace(/("(?:\\[^]|[^"\\])*(?:"|\\?$))|\/\/[^\n]*|\/\*(?:[^]*?\*\/|[^]*$)/g, (_, literal: string | undefined) => literal ?? '')
    .replace(/("(?:\\[^]|[^"\\])*(?:"|\\?$))|,(?=\s*[}\]])/g, (_, literal: string | undefined) => literal ?? '')
}
