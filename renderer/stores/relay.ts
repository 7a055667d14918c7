/** The relay: servers with their tools, session addresses, accounts, the last calls and usage. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { UserView } from '../../server/control/contract/index.ts'
import type {
  AccountRules,
  CatalogueServer,
  ImportableServer,
  RelayCall,
  RelaySession,
  RelayTool,
  UsageRow,
} from '../../server/relay/contract/index.ts'
import { useApi, type Body } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'

export type NewServer = Body<'control', 'createUpstream'>

export const useRelay = defineStore('relay', () => {
  const api = () => useApi().relay
  const control = () => useApi().control
  const ofRelay = ({ room }: { room: string }) => room === 'relay'
  const servers = useResource({
    read: async (signal) => (await api().catalogue({ signal })).servers,
    resources: ['relay'],
    concerns: ofRelay,
  })
  const sessions = useResource({ read: (signal) => api().relaySessions({ signal }), resources: ['relay'], concerns: ofRelay })
  const accounts = useResource({
    read: async (signal) => (await control().users({ signal })).users,
    resources: ['relay-usage'],
    concerns: ({ room, type }) => room === 'control' && type.startsWith('user-'),
  })
  const rules = useResource({
    read: async (signal) => new Map((await api().accountRules({ signal })).accounts.map((each) => [each.accountId, each.rules])),
    resources: ['relay'],
    concerns: ofRelay,
  })
  const calls = useResource({
    read: async (signal) => (await api().relayCalls({ query: { limit: 200 }, signal })).calls,
    resources: ['relay-calls'],
  })
  const usage = useResource({ read: async (signal) => (await api().usage({ signal })).rows, resources: ['relay-usage'] })

  return {
    servers: computed<readonly CatalogueServer[]>(() => servers.value.value ?? []),
    sessions: computed<readonly RelaySession[]>(() => sessions.value.value?.sessions ?? []),
    /** Where clients with a Bearer token go. */
    mcpUrl: computed(() => sessions.value.value?.mcpUrl ?? ''),
    /** How clients that speak to programs alone start one. */
    bridge: computed(() => sessions.value.value?.bridge ?? { command: 'wheelhouse', args: ['mcp'] }),
    accounts: computed<readonly UserView[]>(() => accounts.value.value ?? []),
    calls: computed<readonly RelayCall[]>(() => calls.value.value ?? []),
    usage: computed<readonly UsageRow[]>(() => usage.value.value ?? []),
    /** Undefined for an account that nobody has limited. */
    rulesOf: (accountId: string): AccountRules | undefined => rules.value.value?.get(accountId),
    usageBetween: async (from: string, to: string): Promise<readonly UsageRow[]> => (await api().usage({ query: { from, to } })).rows,
    loaded: computed(() => servers.value.value !== null && sessions.value.value !== null && accounts.value.value !== null),
    error: computed(() => servers.error.value ?? sessions.error.value),
    refresh: () => Promise.all([servers, sessions, accounts, rules, calls, usage].map((each) => each.refresh())).then(() => undefined),

    async addServer(server: NewServer): Promise<void> {
      await control().createUpstream({ body: server })
      await servers.refresh()
    },
    previewApi: (given: Body<'relay', 'previewApi'>) => api().previewApi({ body: given }),
    async addApi(wanted: Body<'relay', 'addApi'>): Promise<void> {
      await api().addApi({ body: wanted })
      await servers.refresh()
    },
    api: (id: string) => api().api({ params: { id } }),
    async changeApi(id: string, body: Body<'relay', 'changeApi'>) {
      const changed = await api().changeApi({ params: { id }, body })
      await servers.refresh()
      return changed
    },
    async switchServer(id: string, enabled: boolean): Promise<void> {
      await control().changeUpstream({ params: { id }, body: { enabled } })
      await servers.refresh()
    },
    /** Which calls of its tools wait for a person, in whatever session. */
    async askFirst(id: string, asksFirst: CatalogueServer['options']['asksFirst']): Promise<void> {
      await control().changeUpstream({ params: { id }, body: { options: { asksFirst } } })
      await servers.refresh()
    },
    async changeServerOptions(id: string, options: Partial<CatalogueServer['options']>): Promise<void> {
      await control().changeUpstream({ params: { id }, body: { options } })
      await servers.refresh()
    },
    async endOwnProcess(id: string, process: string): Promise<void> {
      await api().endOwnProcess({ params: { id, process } })
      await servers.refresh()
    },
    async removeServer(id: string): Promise<void> {
      await control().removeUpstream({ params: { id } })
      await servers.refresh()
    },
    /** All that a server is run or called with; noted. */
    reveal: (id: string) => control().revealUpstream({ params: { id } }),
    async cancelStart(id: string): Promise<void> {
      await api().cancelStart({ params: { id } })
      await servers.refresh()
    },
    async restartServer(id: string): Promise<void> {
      await api().restartUpstream({ params: { id } })
      await servers.refresh()
    },
    signIn: (id: string, client: Body<'relay', 'signIn'> = {}) => api().signIn({ params: { id }, body: client }),
    async signOut(id: string): Promise<void> {
      await api().signOut({ params: { id } })
      await servers.refresh()
    },
    log: async (id: string) => (await api().upstreamLog({ params: { id } })).lines,
    async changeTool(id: string, name: string, patch: Body<'relay', 'changeTool'>): Promise<RelayTool> {
      const tool = await api().changeTool({ params: { id, name }, body: patch })
      await servers.refresh()
      return tool
    },
    preview: async (text: string): Promise<ImportableServer[]> => (await api().previewImport({ body: { text } })).servers,
    async import(text: string, accept: Body<'relay', 'importUpstreams'>['accept']): Promise<void> {
      await api().importUpstreams({ body: { text, accept } })
      await servers.refresh()
    },

    async createSession(wanted: Body<'relay', 'createRelaySession'>) {
      const made = await api().createRelaySession({ body: wanted })
      await sessions.refresh()
      return made
    },
    async revokeSession(id: string): Promise<void> {
      await api().removeRelaySession({ params: { id } })
      await sessions.refresh()
    },
    /** The secret address of a session once more. */
    address: (id: string) => api().relaySessionAddress({ params: { id } }),
    async changeSession(id: string, body: Body<'relay', 'changeRelaySession'>): Promise<void> {
      await api().changeRelaySession({ params: { id }, body })
      await sessions.refresh()
    },
    toolSearch: (id: string, signal: AbortSignal) => api().sessionToolSearch({ params: { id }, signal }),
    searchTools: (id: string, query: string, signal: AbortSignal) =>
      api().searchSessionTools({ params: { id }, query: { query, limit: 50 }, signal }),
    tools: async (id: string) => (await api().sessionTools({ params: { id } })).tools,
    call: (id: number) => api().relayCallDetail({ params: { id } }),
    makeCall: (sessionId: string, tool: string, args: Record<string, unknown>) =>
      api().makeRelayCall({ body: { sessionId, tool, arguments: args } }),

    async setRules(accountId: string, body: AccountRules): Promise<void> {
      await api().changeAccountRules({ params: { accountId }, body })
      await rules.refresh()
    },
    async createAccount(account: Body<'control', 'createUser'>): Promise<void> {
      await control().createUser({ body: account })
      await accounts.refresh()
    },
    async removeAccount(id: string): Promise<void> {
      await control().removeUser({ params: { id } })
      await Promise.all([accounts.refresh(), sessions.refresh()])
    },
  }
})
