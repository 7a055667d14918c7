/** The tables of MCP servers and their tools. */
import type { Database } from 'better-sqlite3'
import { z } from 'zod'
import type { Sealer } from '../../secrets/sealer.ts'
import { erasing } from '../../store/database.ts'
import { defaultOptions, upstreamOptions, type ServerOptions } from '../contract/upstream-options.ts'
import { noHandling, toolHandling, type ToolHandling } from '../contract/tool-handling.ts'
import type { UpstreamDefinition } from './definition.ts'
import type { Era } from './era.ts'

export interface StoredTool {
  name: string
  /** As the server describes it now. */
  definition: ToolDefinition
  hash: string
  /** Of the description a person agreed to; another one is quarantined. */
  approvedHash: string
  enabled: boolean
  price: number
  changedAt: number
  /** The definition agreed to, while another one waits for a look; null when it is this one, or is not known. */
  agreed: ToolDefinition | null
  /** Calls that came while it was held back. */
  heldCalls: number
  handling: ToolHandling
}

/** The parts of a tool that the relay reads; the rest passes through. */
export interface ToolDefinition {
  name: string
  description?: string
  annotations?: { readOnlyHint?: boolean; destructiveHint?: boolean; idempotentHint?: boolean; title?: string }
  [more: string]: unknown
}

interface UpstreamRow {
  id: string
  name: string
  transport: UpstreamDefinition['transport']
  command: string | null
  args: string
  cwd: string | null
  url: string | null
  secrets: Buffer
  enabled: number
  options: string
  createdAt: number
}
type ToolRow = Omit<StoredTool, 'definition' | 'enabled' | 'agreed' | 'handling'> & {
  upstreamId: string
  definition: string
  enabled: number
  agreed: string | null
  handling: string
}

/** What a server is run or called with. Older versions sealed variables and headers alone and kept the rest in columns. */
const sealedSchema = z.object({
  env: z.record(z.string(), z.string()),
  headers: z.record(z.string(), z.string()),
  args: z.array(z.string()).optional(),
  url: z.string().nullable().optional(),
})
type Sealed = z.output<typeof sealedSchema>
const argsSchema = z.array(z.string())

export interface StoredUpstream {
  /** Without arguments, address, variables and headers when it is locked. */
  definition: UpstreamDefinition
  /** Why its sealed part cannot be opened; null when it can. */
  locked: string | null
}

const columns = 'id, name, transport, command, args, cwd, url, secrets, enabled, options, created_at AS createdAt'

export type UpstreamStore = ReturnType<typeof createUpstreamStore>

export function createUpstreamStore(database: Database, sealer: Sealer) {
  const all = database.prepare<[], UpstreamRow>(`SELECT ${columns} FROM relay_upstreams ORDER BY created_at, id`)
  const find = database.prepare<[string], UpstreamRow>(`SELECT ${columns} FROM relay_upstreams WHERE id = ?`)
  const put = database.prepare<[UpstreamRow]>(`
    INSERT INTO relay_upstreams (id, name, transport, command, args, cwd, url, secrets, enabled, options, created_at)
    VALUES (@id, @name, @transport, @command, @args, @cwd, @url, @secrets, @enabled, @options, @createdAt)
    ON CONFLICT (id) DO UPDATE SET name = @name, transport = @transport, command = @command, args = @args, cwd = @cwd, url = @url, secrets = @secrets, enabled = @enabled, options = @options`)
  const remove = database.prepare<[string]>('DELETE FROM relay_upstreams WHERE id = ?')
  const removeTools = database.prepare<[string]>('DELETE FROM relay_tools WHERE upstream_id = ?')
  const removeItems = database.prepare<[string]>('DELETE FROM relay_items WHERE upstream_id = ?')
  const tools = database.prepare<[string], ToolRow>(`
    SELECT upstream_id AS upstreamId, name, definition, hash, approved_hash AS approvedHash, enabled, price, changed_at AS changedAt, agreed, held_calls AS heldCalls, handling FROM relay_tools WHERE upstream_id = ?`)
  const putTool = database.prepare<[ToolRow]>(`
    INSERT INTO relay_tools (upstream_id, name, definition, hash, approved_hash, enabled, price, changed_at, agreed, held_calls, handling)
    VALUES (@upstreamId, @name, @definition, @hash, @approvedHash, @enabled, @price, @changedAt, @agreed, @heldCalls, @handling)
    ON CONFLICT (upstream_id, name) DO UPDATE SET definition = @definition, hash = @hash, approved_hash = @approvedHash, enabled = @enabled, price = @price, changed_at = @changedAt, agreed = @agreed, held_calls = @heldCalls, handling = @handling`)
  const putHeldCalls = database.prepare<[number, string, string]>(
    'UPDATE relay_tools SET held_calls = ? WHERE upstream_id = ? AND name = ?',
  )

  const seal = database.prepare<[Buffer, string]>("UPDATE relay_upstreams SET secrets = ?, args = '[]', url = NULL WHERE id = ?")
  const describe = database.prepare<[string, number, string, string]>(
    'UPDATE relay_upstreams SET name = ?, enabled = ?, options = ? WHERE id = ?',
  )

  const era = database.prepare<[string], { era: Era | null }>('SELECT era FROM relay_upstreams WHERE id = ?')
  const keepEra = database.prepare<[Era | null, string]>('UPDATE relay_upstreams SET era = ? WHERE id = ?')

  return {
    /** The protocol era it spoke last; undefined when nobody knows, or it has been set up anew since. */
    era: (id: string): Era | undefined => era.get(id)?.era ?? undefined,
    keepEra: (id: string, found: Era | null): void => void keepEra.run(found, id),
    all: (): StoredUpstream[] => all.all().map(stored),
    find(id: string): StoredUpstream | undefined {
      const row = find.get(id)
      return row === undefined ? undefined : stored(row)
    },
    /** `alongside` keeps what belongs to it, with it or not at all. */
    put: database.transaction(({ env, headers, args, url, ...definition }: UpstreamDefinition, alongside?: (id: string) => void): void => {
      put.run({
        ...definition,
        args: '[]',
        url: null,
        enabled: definition.enabled ? 1 : 0,
        options: JSON.stringify(definition.options),
        secrets: sealed(definition.id, { env, headers, args, url }),
      })
      alongside?.(definition.id)
    }),
    /** What needs no key: its sealed part stays as it is. */
    describe: ({ id, name, enabled, options }: Pick<UpstreamDefinition, 'id' | 'name' | 'enabled' | 'options'>): void =>
      void describe.run(name, enabled ? 1 : 0, JSON.stringify(options), id),
    /** Gives up what is sealed of a server, which then has to be set up anew. */
    empty: database.transaction(({ id, name, options }: UpstreamDefinition): void => {
      seal.run(sealed(id, { env: {}, headers: {}, args: [], url: null }), id)
      describe.run(name, 0, JSON.stringify(options), id)
    }),
    /** Seals arguments and addresses that an older version kept in the clear, and leaves nothing of them in the file. Returns how many. */
    sealOlder(): number {
      const older = all.all().flatMap((row) => {
        const { definition, locked } = stored(row)
        return locked === null && (row.url !== null || row.args !== '[]') ? [definition] : []
      })
      if (older.length === 0) return 0
      erasing(database, () => {
        for (const { id, env, headers, args, url } of older) seal.run(sealed(id, { env, headers, args, url }), id)
      })
      return older.length
    },
    remove: database.transaction((id: string): void => {
      removeTools.run(id)
      removeItems.run(id)
      remove.run(id)
    }),
    /** Definitions were written by us; the cast spares a schema for what passes through unread. */
    tools: (upstreamId: string): StoredTool[] =>
      tools.all(upstreamId).map(({ upstreamId: _, definition, enabled, agreed, handling, ...row }) => ({
        ...row,
        definition: JSON.parse(definition) as ToolDefinition,
        enabled: enabled === 1,
        agreed: agreed === null ? null : (JSON.parse(agreed) as ToolDefinition),
        handling: toolHandling.catch(noHandling).parse(JSON.parse(handling)),
      })),
    putHeldCalls: database.transaction((counts: readonly { upstream: string; name: string; calls: number }[]): void => {
      for (const { upstream, name, calls } of counts) putHeldCalls.run(calls, upstream, name)
    }),
    putTools: database.transaction((upstreamId: string, changed: readonly StoredTool[]): void => {
      for (const tool of changed)
        putTool.run({
          ...tool,
          upstreamId,
          definition: JSON.stringify(tool.definition),
          enabled: tool.enabled ? 1 : 0,
          agreed: tool.agreed === null ? null : JSON.stringify(tool.agreed),
          handling: JSON.stringify(tool.handling),
        })
    }),
  }

  function sealed(id: string, content: Sealed): Buffer {
    return sealer.seal(JSON.stringify(content), sealContext(id))
  }

  /** One that cannot be read costs nobody the others. */
  function stored({ secrets, args, url, enabled, options, ...row }: UpstreamRow): StoredUpstream {
    const plain = { ...row, enabled: enabled === 1, options: optionsOf(options) }
    let text: string
    try {
      text = sealer.open(secrets, sealContext(row.id)).toString('utf8')
    } catch {
      return {
        definition: { ...plain, args: [], url: null, env: {}, headers: {} },
        locked: 'What it runs with was sealed with a key that is not here',
      }
    }
    try {
      const opened = sealedSchema.parse(JSON.parse(text))
      return {
        definition: {
          ...plain,
          env: opened.env,
          headers: opened.headers,
          args: opened.args ?? argsSchema.parse(JSON.parse(args)),
          url: opened.url === undefined ? url : opened.url,
        },
        locked: null,
      }
    } catch {
      return { definition: { ...plain, args: [], url: null, env: {}, headers: {} }, locked: 'What is kept of it cannot be read' }
    }
  }
}

/** One that cannot be read is treated as any other server. */
function optionsOf(text: string): ServerOptions {
  const read = upstreamOptions.safeParse(JSON.parse(text))
  return read.success ? read.data : defaultOptions
}

function sealContext(id: string): string {
  return `relay:upstream:${id}`
}
