/** What the window does with the relay: shows it, imports servers, calls tools as a session would, exports usage. */
import { iso, type Clock } from '../clock.ts'
import { RelayFault } from './fault.ts'
import type { Standing } from '../http/rights.ts'
import type { CallLog, LoggedCall } from './billing/call-log.ts'
import { MeteredCall, type Meter } from './billing/metered-call.ts'
import { commandLineOf, readClientConfig } from './upstreams/client-config.ts'
import type { CatalogueServer, ImportableServer, RelayCall, RelaySession, RelayTool, UsageRow } from './contract/native.ts'
import type { CreditLedgerStore } from './billing/credit-ledger-store.ts'
import type { CreditLedger } from './billing/credit-ledger.ts'
import type { Json } from './upstreams/connection.ts'
import type { SessionAdmin } from './sessions/admin.ts'
import type { Sessions } from './sessions/sessions.ts'
import type { StoredSession } from './sessions/store.ts'
import type { UpstreamView } from './contract/upstream.ts'
import { builtInId } from './upstreams/definition.ts'
import { isQuarantined } from './upstreams/tools.ts'
import type { UpstreamAdmin } from './upstreams/admin.ts'
import type { Upstreams } from './upstreams/upstreams.ts'
import { callerKey } from './built-in/server.ts'
import type { StoredTool } from './upstreams/store.ts'
import { buildView } from './sessions/view.ts'

export interface RelayAdminOptions {
  sessions: Sessions
  sessionAdmin: SessionAdmin
  upstreams: Upstreams
  upstreamAdmin: UpstreamAdmin
  ledger: CreditLedger
  meter: Meter
  usage: CreditLedgerStore
  calls: CallLog
  clock: Clock
  callTimeout(): number
}

export type RelayAdmin = ReturnType<typeof createRelayAdmin>

export function createRelayAdmin({
  sessions,
  sessionAdmin,
  upstreams,
  upstreamAdmin,
  ledger,
  meter,
  usage,
  calls,
  clock,
  callTimeout,
}: RelayAdminOptions) {
  const thisMonth = (): string => iso(clock.now()).slice(0, 7)

  const sessionView = ({
    hash: _,
    sealed: __,
    origin: ___,
    madeBy: ____,
    policyBy,
    createdAt,
    expiresAt,
    lastUsedAt,
    rules,
    ...session
  }: StoredSession): RelaySession => ({
    ...session,
    createdAt: iso(createdAt),
    expiresAt: iso(expiresAt),
    lastUsedAt: lastUsedAt === null ? null : iso(lastUsedAt),
    tools: buildView(upstreams, { policy: session.policy, rules, policyBy }).tools.size,
  })

  /** Calls of sessions that the caller may see; of one that is over nobody knows any more whose it was. */
  const mayRead = (by: Standing) => {
    const known = new Map<string, boolean>()
    return ({ sessionId }: { sessionId: string }): boolean => {
      const before = known.get(sessionId)
      if (before !== undefined) return before
      const session = sessions.find(sessionId)
      const may = by.may('relay:manage') || (session !== undefined && by.reaches('relay', { subject: sessionId, makers: [session.madeBy] }))
      known.set(sessionId, may)
      return may
    }
  }

  function usageBetween({ from, to }: { from?: string | undefined; to?: string | undefined }): UsageRow[] {
    ledger.flush()
    return usage.usage(from ?? thisMonth(), to ?? thisMonth())
  }

  return {
    sessionView,
    sessions: (by: Standing): RelaySession[] => sessionAdmin.all(by).map(sessionView),

    tools(sessionId: string, by: Standing) {
      return [...buildView(upstreams, sessionAdmin.reached(sessionId, by)).tools.values()].map(({ name, tool, listed }) => ({
        name,
        description: String(listed.description ?? ''),
        inputSchema: listed['inputSchema'],
        price: tool.price,
      }))
    },

    catalogue(): CatalogueServer[] {
      upstreams.wake()
      const calledThisMonth = new Map<string, number>()
      for (const row of usageBetween({}))
        calledThisMonth.set(`${row.upstream} ${row.tool}`, (calledThisMonth.get(`${row.upstream} ${row.tool}`) ?? 0) + row.calls)
      return upstreams.all().map((upstream) => ({
        ...upstreamAdmin.view(upstream),
        toolList: upstreams.tools
          .offered(upstream)
          .map((tool) => toolView(tool, calledThisMonth.get(`${upstream.definition.name} ${tool.name}`) ?? 0)),
      }))
    },

    changeTool: (
      id: string,
      name: string,
      patch: { enabled?: boolean | undefined; price?: number | undefined; approve?: boolean | undefined },
      actor: string,
    ): RelayTool => toolView(upstreamAdmin.changeTool(id, name, patch, actor), 0),

    log: (id: string) => upstreams.get(id).log.map(({ at, text }) => ({ at: iso(at), text })),

    preview: (text: string): ImportableServer[] => readClientConfig(text).map(({ shown }) => shown),

    /** All or none. Throws `config-invalid`, `consent-differs`, `upstream-taken`. */
    import(text: string, accept: readonly { name: string; as?: string | undefined; commandLine: string }[], actor: string): UpstreamView[] {
      const found = readClientConfig(text)
      const chosen = accept.map(({ name, as, commandLine }) => {
        const server = found.find(({ shown }) => shown.name === name && shown.commandLine === commandLine)
        if (server?.definition == null || commandLineOf(server.definition) !== commandLine)
          throw new RelayFault('consent-differs', `${name} would run something else than what was agreed to`)
        return { ...server.definition, name: as ?? server.definition.name }
      })
      const names = [...upstreams.all().map(({ definition }) => definition.name), ...chosen.map(({ name }) => name)].map((name) =>
        name.toLowerCase(),
      )
      const twice = chosen.find(({ name }) => names.filter((other) => other === name.toLowerCase()).length > 1)
      if (twice !== undefined)
        throw new RelayFault('upstream-taken', `There is a server named ${twice.name} already`, { field: twice.name })
      return chosen.map((definition) => upstreamAdmin.create(definition, actor))
    },

    calls: (limit: number, by: Standing, session?: string): RelayCall[] => calls.list(limit, session, mayRead(by)).map(callView),

    /** Throws `call-not-found`. */
    call(id: number, by: Standing) {
      const call = calls.find(id)
      if (call === undefined || !mayRead(by)(call)) throw new RelayFault('call-not-found', 'This call is no longer kept')
      return { ...callView(call), request: call.request, response: call.response }
    },

    /** Throws `session-not-found`, `session-beyond-caller`, `tool-not-found`, `credits-short`. */
    async makeCall(sessionId: string, name: string, args: Json, by: Standing): Promise<{ call: RelayCall; result: unknown }> {
      const session = sessionAdmin.holdable(sessionId, by)
      const entry = buildView(upstreams, session).tools.get(name)
      if (entry === undefined) throw new RelayFault('tool-not-found', 'This session has no such tool')
      const held = meter.hold({ session, entry, request: { name, arguments: args } })
      if (!(held instanceof MeteredCall))
        throw new RelayFault('credits-short', 'This call may not be made: not enough credits, or a limit of the session', { ...held })
      const { upstream, tool } = entry
      const meta = upstream.definition.id === builtInId ? { _meta: { [callerKey]: session.id } } : {}
      const params = { name: tool.name, arguments: args, ...meta }
      const { outcome, logged } = await held.make(() => upstream.request({ method: 'tools/call', params }, { timeout: callTimeout() }))
      return { call: callView(logged), result: outcome instanceof Error ? { error: outcome.message } : outcome }
    },

    usage: usageBetween,

    /** As comma-separated text with a heading; values that a spreadsheet would take for formulas are made text. */
    usageCsv(span: { from?: string | undefined; to?: string | undefined }): string {
      const heads = ['month', 'account', 'server', 'tool', 'calls', 'failed', 'credits']
      const rows = usageBetween(span).map((row) => [row.month, row.accountId, row.upstream, row.tool, row.calls, row.failed, row.credits])
      return `${[heads, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
    },
  }
}

function toolView(tool: StoredTool, calls: number): RelayTool {
  const { name, definition, enabled, price } = tool
  const { readOnlyHint, destructiveHint } = definition.annotations ?? {}
  return {
    name,
    description: String(definition.description ?? ''),
    inputSchema: definition['inputSchema'],
    enabled,
    price,
    readOnly: readOnlyHint === true,
    destructive: destructiveHint === true && readOnlyHint !== true,
    quarantined: isQuarantined(tool),
    calls,
  }
}

function callView({ request: _, response: __, at, ...call }: LoggedCall): RelayCall {
  return { ...call, at: iso(at) }
}

function cell(value: string | number): string {
  const text = typeof value === 'string' && /^[=+\-@\t]/.test(value) ? `'${value}` : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
