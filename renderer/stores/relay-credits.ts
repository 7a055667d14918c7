/** Credits of the relay's accounts: what changed them, and calls that a crash has left in doubt. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { CreditChange } from '../../server/control/contract/index.ts'
import type { DoubtView } from '../../server/relay/contract/index.ts'
import { useApi, type Body } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'
import { useRelay } from './relay.ts'

export const useRelayCredits = defineStore('relay-credits', () => {
  const relay = useRelay()
  const doubts = useResource({
    read: (signal) => useApi().relay.callsInDoubt({ query: { settled: 50 }, signal }),
    resources: ['relay-usage'],
    concerns: ({ room, type }) => room === 'relay' && (type === 'calls-in-doubt' || type.startsWith('doubt-')),
  })

  return {
    /** Newest first. */
    inDoubt: computed<readonly DoubtView[]>(() => doubts.value.value?.open ?? []),
    settled: computed<readonly DoubtView[]>(() => doubts.value.value?.settled ?? []),
    error: computed(() => doubts.error.value),
    async settle(ids: readonly number[], outcome: 'taken' | 'given-back', reason: string): Promise<void> {
      await useApi().relay.settleCallsInDoubt({ body: { ids: [...ids], outcome, reason } })
      await Promise.all([doubts.refresh(), relay.refresh()])
    },
    async change(id: string, order: Body<'control', 'changeCredits'>): Promise<void> {
      await useApi().control.changeCredits({ params: { id }, body: order })
      await relay.refresh()
    },
    history: async (id: string, signal: AbortSignal): Promise<readonly CreditChange[]> =>
      (await useApi().control.creditHistory({ params: { id }, query: { limit: 50 }, signal })).changes,
  }
})
