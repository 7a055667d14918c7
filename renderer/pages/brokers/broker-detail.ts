/** One session with its clients, topics, charts and dead letters, read again every two seconds while it is shown. */
import { useIntervalFn } from '@vueuse/core'
import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { BrokerClient, BrokerDeadLetter, BrokerSession, BrokerTopic } from '../../../server/brokers/contract/index.ts'
import { messageOf } from '../../api/api-error.ts'
import { useApi } from '../../api/api.ts'

export interface BrokerDetail {
  session: BrokerSession
  clients: BrokerClient[]
  topics: BrokerTopic[]
  depth: number[]
  deliveries: number[]
  deadLetters: BrokerDeadLetter[]
  deadTotal: number
}

const every = 2_000

export function useBrokerDetail(name: Ref<string>) {
  const detail = shallowRef<BrokerDetail | null>(null)
  const error = ref<string | null>(null)
  let running: AbortController | null = null

  async function refresh(): Promise<void> {
    running?.abort()
    const controller = new AbortController()
    running = controller
    const params = { name: name.value }
    const { signal } = controller
    try {
      const [shown, dead] = await Promise.all([
        useApi().brokers.session({ params, signal }),
        useApi().brokers.deadLetters({ params, query: { limit: 50 }, signal }),
      ])
      detail.value = { ...shown, deadLetters: dead.deadLetters, deadTotal: dead.total }
      error.value = null
    } catch (failure) {
      if (!signal.aborted) error.value = messageOf(failure)
    }
  }

  watch(
    name,
    () => {
      detail.value = null
      void refresh()
    },
    { immediate: true },
  )
  useIntervalFn(() => void refresh(), every)
  onScopeDispose(() => running?.abort())
  return { detail, error, refresh }
}
