/** Broker sessions, and what is done to them. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { BrokerSession } from '../../server/brokers/contract/index.ts'
import { useApi, type Body } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'

export type NewBroker = Body<'brokers', 'createSession'>

export const useBrokers = defineStore('brokers', () => {
  const { value, error, refresh } = useResource({
    read: (signal) => useApi().brokers.sessions({ signal }),
    resources: ['brokers'],
    concerns: ({ room }) => room === 'brokers',
  })
  const sessions = computed<readonly BrokerSession[]>(() => value.value?.sessions ?? [])

  return {
    sessions,
    error,
    refresh,
    loaded: computed(() => value.value !== null),
    /** Messages a second, one point every ten seconds. */
    deliveries: computed<readonly number[]>(() => value.value?.deliveries ?? []),
    byName: (name: string): BrokerSession | undefined => sessions.value.find((session) => session.name === name),
    async create(session: NewBroker): Promise<{ sessionName: string; secretKey: string }> {
      const made = await useApi().brokers.createSession({ body: session })
      await refresh()
      return made
    },
    async setSuspended(name: string, suspended: boolean): Promise<void> {
      await useApi().brokers.changeSession({ params: { name }, body: { suspended } })
      await refresh()
    },
    async drop(name: string): Promise<void> {
      await useApi().brokers.removeSession({ params: { name } })
      await refresh()
    },
    rotateSecret: async (name: string): Promise<string> => (await useApi().brokers.rotateSecret({ params: { name } })).secretKey,
  }
})
