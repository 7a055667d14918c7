/** Which sessions the table shows: by words, by state, by age. The store reads what matches. */
import { refDebounced } from '@vueuse/core'
import { computed, ref, watch } from 'vue'
import type { LoginFilter } from '../../../server/logins/contract/index.ts'
import { useLogins } from '../../stores/logins.ts'

const states = [
  { label: 'Any state', value: 'any' },
  { label: 'Active', value: 'live' },
  { label: 'Over', value: 'over' },
]
const ages = [
  { label: 'Created any time', value: 'any' },
  { label: 'In the last hour', value: '1h' },
  { label: 'In the last day', value: '24h' },
  { label: 'In the last 7 days', value: '7d' },
]
const hours = { '1h': 1, '24h': 24, '7d': 168 } as const

export function useLoginFilter() {
  const logins = useLogins()
  const search = ref('')
  const text = refDebounced(search, 200)
  const state = ref<'any' | 'live' | 'over'>('any')
  const created = ref<'any' | '1h' | '24h' | '7d'>('any')
  const filter = computed<LoginFilter>(() => ({
    ...(text.value.trim() === '' ? {} : { text: text.value.trim() }),
    ...(state.value === 'any' ? {} : { state: state.value }),
    ...(created.value === 'any' ? {} : { createdAfter: new Date(Date.now() - hours[created.value] * 3_600_000).toISOString() }),
  }))
  watch(filter, (wanted) => logins.show(wanted))
  logins.show(filter.value)

  function showAll(): void {
    search.value = ''
    state.value = 'any'
    created.value = 'any'
  }
  return { search, state, states, created, ages, filter, filtered: computed(() => Object.keys(filter.value).length > 0), showAll }
}
