/**
 * The relay room: what it is made of, how it starts, stops and reports. Its wings, each of which knows only those before it:
 * `contract/`, `oauth/` (signing in at servers), `upstreams/` (the servers behind), `openapi/` (HTTP APIs as servers), `built-in/`
 * (Wheelhouse as one of them), `sessions/` (addresses, and what each sees), `calls/` (what stands between a client and a tool),
 * `search/` (few tools shown, all behind), `approvals/` (a person's yes), `billing/` (credits and the log of calls), `bridge/` (the way
 * here for clients of other transports), `clients/` (the way of a request).
 */
import { createAnnouncer } from '../events/event-types.ts'
import { LazyApi } from '../http/lazy-api.ts'
import type { Room, RoomContext } from '../room.ts'
import type { Locked } from '../room-report.ts'
import { diskRefusal } from '../store/disk.ts'
import type { Accounts } from './accounts.ts'
import { KnownClients } from './clients/known-clients.ts'
import { WindowCalls } from './clients/window-calls.ts'
import { pinnedArguments } from './calls/pinned-arguments.ts'
import { createBetween } from './calls/index.ts'
import { Secrets } from './calls/secrets.ts'
import { CallSteps, type Step } from './calls/steps.ts'
import { createOpenedOrigins } from './clients/opened-origins.ts'
import { ownerStanding, type Standing } from '../http/rights.ts'
import { createAnswers } from './approvals/store.ts'
import { Approvals, systemTimers, type Timers } from './approvals/approvals.ts'
import { relayEvents } from './events.ts'
import type { Gateway } from './clients/gateway.ts'
import { createOAuthClientStore } from './oauth/store.ts'
import { OAuthClients } from './oauth/oauth-clients.ts'
import { OwnTools } from './built-in/own-tools.ts'
import { createBuiltInReach } from './built-in/reach.ts'
import type { CreditLedger } from './billing/credit-ledger.ts'
import { createBilling } from './billing/index.ts'
import { concernsOf, concernsOfDoubts, countsOf, waitingConcerns } from './report.ts'
import { createNamesStore } from './sessions/names-store.ts'
import { settleOlderSessions } from './sessions/older-sessions.ts'
import { createSeen } from './sessions/seen.ts'
import { createSessionStore } from './sessions/store.ts'
import { SessionAdmin } from './sessions/admin.ts'
import { LiveSessions } from './sessions/live-sessions.ts'
import { SealedAddresses } from './sessions/sealed-addresses.ts'
import { Sessions } from './sessions/sessions.ts'
import { SearchUses } from './search/search-uses.ts'
import { createSearchCounts } from './search/store.ts'
import { ToolSearch } from './search/tool-search.ts'
import { ApiAdmin } from './openapi/admin.ts'
import { apiConnections } from './openapi/connect.ts'
import { createApiStore } from './openapi/store.ts'
import { createItemsStore } from './upstreams/items-store.ts'
import type { CallTimeout } from './upstreams/definition.ts'
import { createUpstreamStore } from './upstreams/store.ts'
import { UpstreamAdmin } from './upstreams/admin.ts'
import { Upstreams } from './upstreams/upstreams.ts'
import { createBuiltInServer, type BuiltInTool } from './built-in/server.ts'

export interface RelayRoom extends Room {
  /** What was sealed with a key that is not here, in words; empty when everything opens. */
  locked(): Locked[]
  /** Gives up what is locked, for good: servers are to be set up anew, addresses go on working and cannot be shown. */
  giveUpLocked(): Promise<void>
  sessions: Sessions
  sessionAdmin: SessionAdmin
  upstreams: Upstreams
  upstreamAdmin: UpstreamAdmin
  gateway(): Promise<Gateway>
  ledger: CreditLedger
  /** A maker of sessions may do less now. */
  reconsider(maker: string): void
}

export interface RelayGiven {
  accounts: Accounts
  /** Base of session addresses; null for the one under which the caller reached us. */
  publicUrl(): string | null
  /** Where authorization servers send browsers back to: a page of this API on this machine. */
  callbackUrl(): string
  /** What the rooms of this house let MCP clients do; the built-in server offers it to sessions that ask for it. */
  builtInTools?(): Promise<readonly BuiltInTool[]>
  /** What the maker of a session may do now; null for one that may do nothing beside the relay. The owner alone when left out. */
  standingOf?(maker: string | null): Standing | null
  /** Waits between starts of a server that fails, ms; for tests. */
  backOff?: readonly number[]
  /** False sends every call the long way; for tests. */
  lean?: boolean
  /** Stand between beside the room's own; for tests. */
  steps?: readonly Step[]
  /** When calls that wait for a person are refused; for tests. */
  approvalTimers?: Timers
}

const ownerAlone = (maker: string | null): Standing | null => (maker === 'owner' ? ownerStanding : null)

const flushEvery = 5_000
const sweepEvery = 30_000

export function createRelayRoom(
  context: RoomContext,
  {
    accounts,
    publicUrl,
    callbackUrl,
    builtInTools,
    standingOf = ownerAlone,
    backOff,
    lean,
    steps = [],
    approvalTimers = systemTimers,
  }: RelayGiven,
): RelayRoom {
  const { database, sealer, clock, settings, log } = context
  const events = createAnnouncer(context.events, 'relay', relayEvents)
  const changed = (): void => context.changed('relay')
  /** A disk that refuses for a while must not end the whole house: the next time it may take what is to be written. */
  const failed = (error: unknown, what: string): void => {
    log.error({ error }, what)
    const refusal = diskRefusal(error)
    if (refusal !== null) context.diskRefused?.('relay', refusal)
  }
  const relaySettings = () => settings.current().relay
  const ownTools = new OwnTools(builtInTools)
  const reach = createBuiltInReach(ownTools.all, standingOf)
  const oauthStore = createOAuthClientStore(database, sealer)
  const oauthClients = new OAuthClients({ store: oauthStore, clock, egress: context.egress, failed, callbackUrl })
  const apiStore = createApiStore(database, sealer)
  const upstreamStore = createUpstreamStore(database, sealer)
  const upstreams = new Upstreams({
    ...{ store: upstreamStore, items: createItemsStore(database), oauthClients, clock, events, log, changed, failed },
    egress: context.egress,
    ownProcesses: () => relaySettings().ownProcesses,
    connectApi: apiConnections(apiStore),
    ...(backOff === undefined ? {} : { backOff }),
  })
  const upstreamAdmin = new UpstreamAdmin({ upstreams, store: upstreamStore, oauthClients, clock, events, changed })
  const apiAdmin = new ApiAdmin({ store: apiStore, upstreamAdmin, egress: context.egress, clock })
  const sessionStore = createSessionStore(database)
  const live = new LiveSessions(sessionStore, clock)
  const addresses = new SealedAddresses(sessionStore, sealer)
  const names = createNamesStore(database)
  const { views, groups, profiles, offered } = createSeen({
    ...{ database, upstreams, names, store: sessionStore, clock, events, log, changed },
    announce: (id) => sessions.announceReach(id),
  })
  const ofSessions = { store: sessionStore, live, addresses, reach, views, events, changed }
  const sessions: Sessions = new Sessions({ ...ofSessions, accounts, clock, defaultDays: () => relaySettings().sessionDays })
  const sessionAdmin = new SessionAdmin({ ...ofSessions, sessions })
  const toolSearch = new ToolSearch(upstreams.tools)
  const searchUses = new SearchUses({ clock, log, counts: createSearchCounts(database), changed: () => context.changed('relay-search') })
  sessions.onEnd((id) => searchUses.forget(id))
  const between = createBetween(clock)
  sessions.onEnd((id) => between.forget(id))
  upstreams.onCatalogue(({ definition }) => between.cache.forgetServer(definition.id))
  const secrets = new Secrets(ownTools.all)
  const answers = createAnswers(database, clock)
  const approvals = new Approvals({
    ...{ answers, clock, events, log, secrets, timers: approvalTimers },
    allowAlways: (call, actor) => sessionAdmin.allowAlways(call.session.id, { upstream: call.server.id, name: call.toolName }, actor),
    changed: () => context.changed('relay-approvals'),
  })
  sessions.onEnd((id) => approvals.end(id))
  const { ledger, doubts, calls, meter, usage } = createBilling({
    ...{ database, accounts, clock, log, events, secrets },
    // Outermost first: what is between a client and a tool, each step in a file of its own. A person sees what would be sent.
    steps: new CallSteps([searchUses.step, ...between.outer, ...steps, pinnedArguments, approvals.step, between.inner]),
    changed: (what) => context.changed(what),
  })
  const callTimeout: CallTimeout = ({ options }) => (options.callTimeout ?? relaySettings().callTimeout) * 1_000
  let gateway: Promise<Gateway> | undefined
  let opened: Gateway | undefined
  /** Loaded with the first server or client: an installation without any does without the SDK's memory. */
  const loadGateway = (): Promise<Gateway> => {
    gateway ??= Promise.all([import('./clients/gateway.ts'), ownTools.load()])
      .then(
        ([{ Gateway }]) =>
          (opened = new Gateway({
            ...{ sessions, upstreams, views, ledger, meter, clock },
            search: { search: toolSearch, uses: searchUses },
            rests: between.rests,
            known: new KnownClients({ database, sealer, clock }),
            callTimeout,
            streamHold: () => relaySettings().streamHold * 1_000,
            maxRequestSize: () => relaySettings().maxRequestSize * 1_048_576,
            ...(lean === undefined ? {} : { lean }),
          })),
      )
      .catch((error: unknown) => {
        // The next client is to try anew.
        gateway = undefined
        throw error
      })
    return gateway
  }
  let timers: NodeJS.Timeout[] = []
  let starting: NodeJS.Immediate | undefined
  const upkeep = (work: () => unknown): Promise<void> =>
    Promise.try(work).then(
      () => undefined,
      (error: unknown) => failed(error, 'upkeep of the relay failed'),
    )
  const every = (ms: number, work: () => unknown): NodeJS.Timeout => setInterval(() => void upkeep(work), ms)
  /** Counted at the start, since only a start or a person's word changes them. */
  let [lockedSignIns, lockedAddresses] = [0, 0]
  const countLocked = (): void => {
    lockedSignIns = oauthClients.locked().length
    lockedAddresses = sessionAdmin.locked().length
  }
  const isOver = (id: string): boolean => {
    const session = sessions.find(id)
    return session === undefined || session.expiresAt <= clock.now() || accounts.find(session.accountId) === undefined
  }

  return {
    name: 'relay',
    api: new LazyApi(async () => {
      const [{ createRelayApi }] = await Promise.all([import('./api.ts'), ownTools.load()])
      return createRelayApi({
        sessions,
        sessionAdmin,
        gateway: loadGateway,
        calls: new WindowCalls({ calls, meter, sessions, sessionAdmin, rests: between.rests, callTimeout }),
        usage,
        doubts,
        upstreamAdmin,
        apiAdmin,
        search: { search: toolSearch, uses: searchUses, sessionAdmin, calls, clock },
        approvals: { approvals, answers, sessions, clock },
        ...{ offered, groups, profiles },
        callbackUrl,
        publicUrl: () => publicUrl()?.replace(/\/+$/, '') ?? null,
        isOpenTo: createOpenedOrigins({ store: sessionStore, clock, sessionOfStream: (stream) => opened?.older.sessionOf(stream) }),
      })
    }),
    sessions,
    sessionAdmin,
    upstreams,
    upstreamAdmin,
    gateway: loadGateway,
    ledger,
    reconsider: (maker) => sessionAdmin.reconsider(maker),
    async start() {
      await upkeep(() => doubts.recover())
      const servers = () => upstreamStore.all().map(({ definition }) => definition)
      await upkeep(() => settleOlderSessions({ names, servers, toolsOf: upstreamStore.tools, rulesOf: sessionStore.rulesOf }))
      await upkeep(() => sessions.cleanup())
      timers = [
        every(flushEvery, () => sessions.flush()),
        every(flushEvery, () => upstreams.tools.flush()),
        every(flushEvery, () => oauthClients.flush()),
        every(sweepEvery, async () => (await gateway)?.sweep(isOver)),
        every(relaySettings().cleanupInterval * 1_000, () => sessions.cleanup()),
        every(relaySettings().cleanupInterval * 1_000, () => doubts.expire()),
      ]
      // After the listeners have their ports: starting processes takes time that nobody waits for.
      starting = setImmediate(
        () =>
          void upkeep(async () => {
            // In the same turn: a stop that came between the two would be followed by servers that nobody ends.
            void upkeep(() => upstreamStore.sealOlder())
            const others = upstreams.start(
              builtInTools === undefined
                ? undefined
                : createBuiltInServer(() => ownTools.load(), {
                    ...{ events, reach, policyBy: (id) => sessions.find(id)?.policyBy ?? null },
                    switchedOn: (id, tool) => sessions.find(id)?.policy.wheelhouseTools.includes(tool) === true,
                  }),
            )
            countLocked()
            if (others > 0) await loadGateway()
          }),
      )
    },
    /**
     * May be started again afterwards: the same sessions and servers, new connections. What cannot be written keeps nothing else from
     * ending.
     */
    async stop() {
      for (const timer of timers) clearInterval(timer)
      clearImmediate(starting)
      approvals.stop()
      await upkeep(async () => (await gateway)?.stop())
      await upkeep(() => upstreams.stop())
      await upkeep(() => ledger.stop())
      await upkeep(() => sessions.flush())
      await upkeep(() => upstreams.tools.flush())
      await upkeep(() => oauthClients.flush())
      calls.stop()
    },
    summary: () => countsOf(upstreams, { sessions: sessions.countActive(), total: ledger.total }),
    attention: () => [
      ...concernsOf(upstreamAdmin.list(), clock.now()),
      ...concernsOfDoubts(doubts.open()),
      ...waitingConcerns(approvals.waiting()),
    ],
    locked() {
      const servers = upstreamAdmin.locked()
      return [
        { kind: 'servers' as const, count: servers.length, names: servers },
        { kind: 'sign-ins' as const, count: lockedSignIns },
        { kind: 'session-addresses' as const, count: lockedAddresses },
      ].filter(({ count }) => count > 0)
    },
    async giveUpLocked() {
      await upstreamAdmin.giveUpLocked()
      oauthClients.giveUpLocked()
      sessionAdmin.giveUpLocked()
      countLocked()
    },
  }
}
