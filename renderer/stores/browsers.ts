/** Browser sessions and the site profiles they sign in with. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { BrowserSession } from '../../server/browsers/contract/index.ts'
import { useApi, type Body } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'

/** One that sleeps. */
export type AsleepSession = BrowserSession & { asleep: NonNullable<BrowserSession['asleep']> }

const isAsleep = (session: BrowserSession): session is AsleepSession => session.asleep !== null

export type NewSession = Body<'browsers', 'openSession'>

export const useBrowsers = defineStore('browsers', () => {
  const list = useResource({
    read: (signal) => useApi().browsers.browserSessions({ signal }),
    resources: ['browsers'],
    concerns: ({ room }) => room === 'browsers',
  })
  const profiles = useResource({
    read: async (signal) => (await useApi().control.siteProfiles({ signal })).profiles,
    resources: ['site-profiles'],
    concerns: ({ type }) => type.startsWith('site-profile'),
  })

  const all = computed<readonly BrowserSession[]>(() => list.value.value?.sessions ?? [])
  const sessions = computed(() => all.value.filter(({ asleep }) => asleep === null))
  const asleep = computed(() => all.value.filter(isAsleep))

  function put(session: BrowserSession): void {
    if (list.value.value === null) return
    const others = all.value.filter(({ id }) => id !== session.id)
    list.value.value = { ...list.value.value, sessions: [session, ...others] }
  }

  return {
    /** Those that live. */
    sessions,
    asleep,
    loaded: computed(() => list.value.value !== null),
    error: list.error,
    capacity: computed(() => list.value.value?.capacity ?? 10),
    /** For how many more there is room; null until it is known. */
    room: computed(() => list.value.value?.room ?? null),
    /** The session that the next one would push out; null while there is room. */
    nextEvicted: computed(() => sessions.value.find(({ id }) => id === list.value.value?.nextEvicted) ?? null),
    /** A started browser waits for the next session. */
    spareReady: computed(() => list.value.value?.spareReady ?? false),
    profiles: computed(() => profiles.value.value ?? []),
    refresh: list.refresh,
    byId: (id: string): BrowserSession | undefined => all.value.find((session) => session.id === id),

    /** Resolves as soon as the session exists; its progress arrives with the events. */
    async open(session: NewSession): Promise<{ session: BrowserSession; isNew: boolean }> {
      const opened = await useApi().browsers.openSession({ body: session })
      put(opened.session)
      return opened
    },
    async close(id: string): Promise<void> {
      await useApi().browsers.closeBrowserSession({ params: { id } })
      if (list.value.value !== null) list.value.value = { ...list.value.value, sessions: all.value.filter((session) => session.id !== id) }
    },
    /** Puts it to sleep; resolves when it does. */
    async hibernate(id: string): Promise<void> {
      const { session } = await useApi().browsers.hibernateSession({ params: { id } })
      put(session)
    },
    /** Resolves as soon as it wakes; its progress arrives with the events. */
    async wake(id: string): Promise<BrowserSession> {
      const { session } = await useApi().browsers.wakeSession({ params: { id } })
      put(session)
      return session
    },
    /** Removes what is kept of all that sleep; resolves with how many there were. */
    async forgetAsleep(): Promise<number> {
      const { forgotten } = await useApi().browsers.forgetAsleep({ query: {} })
      if (list.value.value !== null) list.value.value = { ...list.value.value, sessions: sessions.value }
      return forgotten
    },
    /** Opens it anew with the credentials it had; resolves with the new session. */
    async restart(id: string): Promise<BrowserSession> {
      const { session } = await useApi().browsers.restartSession({ params: { id } })
      put(session)
      return session
    },
    /** What of its setup can change; resolves when it holds on all its pages. */
    async change(id: string, change: Body<'browsers', 'changeBrowserSession'>): Promise<void> {
      const { session } = await useApi().browsers.changeBrowserSession({ params: { id }, body: change })
      put(session)
    },
    endLease: (id: string, lease: string) => useApi().browsers.endLease({ params: { id, lease } }),
    navigate: (id: string, to: { address: string } | { action: 'back' | 'forward' | 'reload' }) =>
      useApi().browsers.navigate({ params: { id }, body: to }),
    /** Resolves with the id of the page, which is in front. */
    openPage: async (id: string, address?: string): Promise<string> =>
      (await useApi().browsers.openPage({ params: { id }, body: address === undefined ? {} : { address } })).page,
    closePage: (id: string, page: string) => useApi().browsers.closePage({ params: { id, page } }),
    screenshot: (id: string) => useApi().browsers.screenshot({ params: { id } }),
  }
})
