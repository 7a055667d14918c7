/** The tables of MCP servers and their tools. */
import type { Database } from 'better-sqlite3'
import { z } from 'zod'
import type { Sealer } from '../secrets/sealer.ts'
import type { UpstreamDefinition } from './upstream-definition.ts'

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
}

/** The parts of a tool that the relay reads; the rest passes through. */
export interface ToolDefinition {
  name: string
  description?: string
  annotations?: { readOnlyHint?: boolean; destructiveHint?: boolean; title?: string }
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
  createdAt: number
}
type ToolRow = Omit<StoredTool, 'definition' | 'enabled'> & { upstreamId: string; definition: string; enabled: number }

const secretsSchema = z.object({ env: z.record(z.string(), z.string()), headers: z.record(z.string(), z.string()) })
const argsSchema = z.array(z.string())

export type UpstreamStore = ReturnType<typeof createUpstreamStore>

export function createUpstreamStore(database: Database, sealer: Sealer) {
  const all = database.prepare<[], UpstreamRow>('SELECT id, name, transport, command, args, cwd, url, secrets, enabled, created_at AS createdAt FROM relay_upstreams ORDER BY created_at, id')
  const put = database.prepare<[UpstreamRow]>(`
    INSERT INTO relay_upstreams (id, name, transport, command, args, cwd, url, secrets, enabled, created_at)
    VALUES (@id, @name, @transport, @command, @args, @cwd, @url, @secrets, @enabled, @createdAt)
    ON CONFLICT (id) DO UPDATE SET name = @name, transport = @transport, command = @command, args = @args, cwd = @cwd, url = @url, secrets = @secrets, enabled = @enabled`)
  const remove = database.prepare<[string]>('DELETE FROM relay_upstreams WHERE id = ?')
  const removeTools = database.prepare<[string]>('DELETE FROM relay_tools WHERE upstream_id = ?')
  const tools = database.prepare<[string], ToolRow>(`
    SELECT upstream_id AS upstreamId, name, definition, hash, approved_hash AS approvedHash, enabled, price, changed_at AS changedAt FROM relay_tools WHERE upstream_id = ?`)
  const putTool = database.prepare<[ToolRow]>(`
    INSERT INTO relay_tools (upstream_id, name, definition, hash, approved_hash, enabled, price, changed_at)
    VALUES (@upstreamId, @name, @definition, @hash, @approvedHash, @enabled, @price, @changedAt)
    ON CONFLICT (upstream_id, name) DO UPDATE SET definition = @definition, hash = @hash, approved_hash = @approvedHash, enabled = @enabled, price = @price, changed_at = @changedAt`)

  return {
    all: (): UpstreamDefinition[] =>
      all.all().map(({ secrets, args, enabled, ...row }) => ({ ...row, args: argsSchema.parse(JSON.parse(args)), enabled: enabled === 1, ...openSecrets(row.id, secrets) })),
    put: ({ env, headers, ...definition }: UpstreamDefinition): void =>
      void put.run({ ...definition, args: JSON.stringify(definition.args), enabled: definition.enabled ? 1 : 0, secrets: sealer.seal(JSON.stringify({ env, headers }), sealContext(definition.id)) }),
    remove: database.transaction((id: string): void => {
      removeTools.run(id)
      remove.run(id)
    }),
    /** Definitions were written by us; the cast spares a schema for what passes through unread. */
    tools: (upstreamId: string): StoredTool[] => tools.all(upstreamId).map(({ upstreamId: _, definition, enabled, ...row }) => ({ ...row, definition: JSON.parse(definition) as ToolDefinition, enabled: enabled === 1 })),
    putTools: database.transaction((upstreamId: string, changed: readonly StoredTool[]): void => {
      for (const tool of changed) putTool.run({ ...tool, upstreamId, definition: JSON.stringify(tool.definition), enabled: tool.enabled ? 1 : 0 })
    }),
  }

  function openSecrets(id: string, sealed: Buffer): z.output<typeof secretsSchema> {
    return secretsSchema.parse(JSON.parse(sealer.open(sealed, sealContext(id)).toString('utf8')))
  }
}

function sealContext(id: string): string {
  return `relay:upstream:${id}`
}
