/**
 * How all bots fared over the last day: for the ribbons and the counts of the table. Read again now and then, and when one changes its
 * state.
 */
import { computed } from 'vue'
import type { ActivityView } from '../../../server/bots/contract/index.ts'
import { useApi } from '../../api/api.ts'
import { useResource } from '../../use/use-resource.ts'
import { sum } from './ribbon.ts'

export function useActivity() {
  const { value } = useResource({
    every: 15_000,
    read: async (signal) => (await useApi().bots.allActivity({ query: { window: '24h' }, signal })).bots,
    concerns: ({ room, type }) => room === 'bots' && type.startsWith('bot-'),
  })
  const byBot = computed(() => new Map((value.value ?? []).map((activity): [string, ActivityView] => [activity.userId, activity])))
  const total = (what: 'sent' | 'received'): number => (value.value ?? []).reduce((all, activity) => all + sum(activity[what]), 0)
  return { byBot, out: computed(() => total('sent')), in: computed(() => total('received')) }
}
