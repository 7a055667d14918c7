/** Login sessions: one page of the table as it is asked for, and the facts around it. */
import { useDebounceFn } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { LoginFilter, LoginKey, LoginUser, LoginView } from '../../server/logins/contract/index.ts'
import { useApi, type Body } from '../api/api.ts'
import { useConnection } from '../api/connection.ts'
import { useResource } from '../use/use-resource.ts'

export type LoginSort = 'lastActivity' | 'createdAt' | 'expiresAt' | 'username'
export const loginsPerPage = 100

export type NewLogin = Body<'logins', 'createSession'>

export type NewLoginUser = Body<'logins', 'createLoginUser'>

export const useLogins = defineStore('logins', () => {
  const api = () => useApi().logins
  const filter = shallowRef<LoginFilter>({})
  const sort = ref<LoginSort>('createdAt')
  const direction = ref<'up' | 'down'>('down')
  const offset = ref(0)

  const table = useResource({
    read: (signal) =>
      api().logins({
        query: { ...filter.value, sort: sort.value, direction: direction.value, offset: offset.value, limit: loginsPerPage },
        signal,
      }),
  })
  const status = useResource({ read: (signal) => api().status({ signal }) })
  const keys = useResource({
    read: async (signal) => (await api().loginKeys({ signal })).keys,
    concerns: ({ room, type }) => room === 'logins' && type.startsWith('key-'),
  })
  const users = useResource({
    read: async (signal) => (await api().loginUsers({ signal })).users,
    concerns: ({ room, type }) => room === 'logins' && type.startsWith('user-'),
  })

  watch([filter, sort, direction, offset], () => void table.refresh())
  // A thousand logins a second would be a thousand tables: once a second is as fast as anybody reads.
  const refreshSoon = useDebounceFn(() => table.refresh(), 300, { maxWait: 1_000 })
  // Counting all sessions costs the server more than reading a page of them.
  const countSoon = useDebounceFn(() => status.refresh(), 1_000, { maxWait: 5_000 })
  const connection = useConnection()
  connection.onEvents((batch) => {
    if (!batch.some(({ room }) => room === 'logins')) return
    void refreshSoon()
    void countSoon()
  })
  connection.onChanged((names) => {
    if (!names.has('logins') && !names.has('settings')) return
    void refreshSoon()
    void countSoon()
  })

  return {
    filter,
    sort,
    direction,
    offset,
    rows: computed<readonly LoginView[]>(() => table.value.value?.sessions ?? []),
    total: computed(() => table.value.value?.total ?? 0),
    loaded: computed(() => table.value.value !== null),
    error: table.error,
    status: computed(() => status.value.value),
    keys: computed<readonly LoginKey[]>(() => keys.value.value ?? []),
    users: computed<readonly LoginUser[]>(() => users.value.value ?? []),
    usersLoaded: computed(() => users.value.value !== null),
    refresh: () => Promise.all([table.refresh(), status.refresh()]).then(() => undefined),

    /** Shows what matches, from its beginning. */
    show(wanted: LoginFilter): void {
      offset.value = 0
      filter.value = wanted
    },
    /** All that match, or those of `ids` among them, in pages; `progress` from 0 to 1. */
    async readAll(
      wanted: LoginFilter,
      ids: ReadonlySet<string> | null,
      progress: (share: number) => void,
      signal: AbortSignal,
    ): Promise<LoginView[]> {
      const found: LoginView[] = []
      for (let from = 0, end = 1; from < end && (ids === null || found.length < ids.size); from += 500) {
        const { sessions, total } = await api().logins({
          query: { ...wanted, sort: 'createdAt', direction: 'down', offset: from, limit: 500 },
          signal,
        })
        found.push(...(ids === null ? sessions : sessions.filter(({ id }) => ids.has(id))))
        end = total
        progress(Math.min(1, (from + 500) / Math.max(1, total)))
      }
      return found
    },
    detail: (id: string, signal?: AbortSignal) => api().loginSession({ params: { id }, ...(signal === undefined ? {} : { signal }) }),
    create: (login: NewLogin) => api().createSession({ body: login }),
    revoke: (id: string) => api().endLogin({ params: { id } }),
    revokeOthers: async (userId: string, except: string | null) => (await api().endUserLogins({ body: { userId, except } })).revoked,
    revokeIds: async (ids: string[]) => (await api().endLogins({ body: { ids } })).revoked,
    countMatching: async (wanted: LoginFilter) => (await api().endLogins({ body: { filter: wanted, preview: true } })).matched,
    revokeMatching: async (wanted: LoginFilter) => (await api().endLogins({ body: { filter: wanted } })).revoked,
    inspect: (token: string) => api().inspectToken({ body: { token } }),
    series: (span: '1h' | '24h' | '7d', signal?: AbortSignal) =>
      api().loginSeries({ query: { span }, ...(signal === undefined ? {} : { signal }) }),

    async rotateKey(algorithm: LoginKey['algorithm']): Promise<void> {
      await api().rotateKey({ body: { algorithm } })
      await keys.refresh()
    },
    /** Goes on without the keys that do not open. */
    async giveUpKeys(): Promise<void> {
      await api().giveUpKeys()
      await Promise.all([keys.refresh(), status.refresh(), table.refresh()])
    },
    async removeKey(id: string): Promise<void> {
      await api().removeKey({ params: { id } })
      await keys.refresh()
    },
    async createUser(user: NewLoginUser): Promise<void> {
      await api().createLoginUser({ body: user })
      await users.refresh()
    },
    async changeUser(id: string, patch: Body<'logins', 'changeLoginUser'>): Promise<void> {
      await api().changeLoginUser({ params: { id }, body: patch })
      await users.refresh()
    },
    async removeUser(id: string): Promise<void> {
      await api().removeLoginUser({ params: { id } })
      await users.refresh()
    },
  }
})
