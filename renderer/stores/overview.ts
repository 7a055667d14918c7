/** Counts, rates and what needs attention. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { useApi } from '../api/api.ts'
import { roomOrder } from '../presentation/rooms.ts'
import { inOwnWords } from '../presentation/words.ts'
import { useResource } from '../use/use-resource.ts'

export type Span = '15m' | '1h' | '24h'

export const useOverview = defineStore('overview', () => {
  const span = ref<Span>('15m')
  const { value, error, refresh } = useResource({
    read: async (signal) => inOwnWords(await useApi().control.overview({ query: { span: span.value }, signal })),
    resources: ['overview', 'attention', 'apis', 'chromium', ...roomOrder],
  })
  watch(span, () => void refresh())

  return {
    span,
    error,
    refresh,
    overview: value,
    attention: computed(() => value.value?.attention ?? []),
    room: (name: string) => value.value?.rooms.find((summary) => summary.room === name),
  }
})
