/** The audit trail as the page reads it: filtered by the server, paged backwards, new events put on top while following. */
import { refDebounced } from '@vueuse/core'
import { computed, onScopeDispose, reactive, ref, shallowRef, watch } from 'vue'
import type { BusEvent, EventTone } from '../../../server/events/event.ts'
import type { ApiName } from '../../../server/http/contract.ts'
import { messageOf } from '../../api/api-error.ts'
import { useApi } from '../../api/api.ts'
import { useConnection } from '../../api/connection.ts'
import { titleOf } from '../../presentation/words.ts'
import { useEvents } from '../../stores/events.ts'

export interface AuditFilter {
  text: string
  room: ApiName | 'all' | (string & {})
  tone: EventTone | 'all' | (string & {})
}

const pageSize = 200
/** Rows kept in the page; older ones are a scroll away on the server. */
const capacity = 20_000

export function useAuditTrail() {
  const connection = useConnection()
  const latest = useEvents()
  const filter = reactive<AuditFilter>({ text: '', room: 'all', tone: 'all' })
  const live = ref(true)
  const events = shallowRef<BusEvent[]>([])
  /** Matching events that came in while not following. */
  const held = ref(0)
  const more = ref(false)
  const loading = ref(false)
  const loaded = ref(false)
  const error = ref<string | null>(null)
  let reading: AbortController | null = null

  const text = refDebounced(
    computed(() => filter.text.trim()),
    200,
  )
  const query = computed(() => ({
    limit: pageSize,
    ...(text.value === '' ? {} : { text: text.value }),
    ...(filter.room === 'all' ? {} : { room: filter.room as ApiName }), // The menu offers only API names.
    ...(filter.tone === 'all' ? {} : { tone: filter.tone as EventTone }), // The menu offers only tones.
  }))

  async function refresh(): Promise<void> {
    await read(undefined)
  }

  async function loadMore(): Promise<void> {
    const last = events.value.at(-1)
    if (loading.value || !more.value || last === undefined) return
    await read(last.id)
  }

  async function read(before: number | undefined): Promise<void> {
    reading?.abort()
    const controller = new AbortController()
    reading = controller
    loading.value = true
    try {
      const page = await useApi().control.audit({
        query: { ...query.value, ...(before === undefined ? {} : { before }) },
        signal: controller.signal,
      })
      events.value = before === undefined ? page.events : [...events.value, ...page.events].slice(0, capacity)
      more.value = page.more && events.value.length < capacity
      if (before === undefined) held.value = 0
      loaded.value = true
      error.value = null
    } catch (failure) {
      if (!controller.signal.aborted) error.value = messageOf(failure)
    } finally {
      if (reading === controller) {
        reading = null
        loading.value = false
      }
    }
  }

  function take(batch: BusEvent[]): void {
    if (!loaded.value) return
    const newest = events.value[0]?.id ?? 0
    const matching = batch.filter((event) => event.id > newest && matches(event))
    if (matching.length === 0) return
    // Above ten a second nobody can read a list that moves; it counts until it is calm again.
    if (live.value && !latest.busy) events.value = [...matching.toReversed(), ...events.value].slice(0, capacity)
    else held.value += matching.length
  }

  function matches(event: BusEvent): boolean {
    const words = text.value.toLowerCase()
    return (
      (filter.room === 'all' || event.room === filter.room) &&
      (filter.tone === 'all' || event.tone === filter.tone) &&
      (words === '' || `${titleOf(event)}\n${event.subject ?? ''}\n${event.actor}`.toLowerCase().includes(words))
    )
  }

  const ends = [connection.onEvents(take), connection.onRefresh(() => void refresh())]
  onScopeDispose(() => {
    for (const end of ends) end()
    reading?.abort()
  })
  watch(query, () => void refresh(), { immediate: true })
  watch([live, () => latest.busy], ([following, busy]) => {
    if (following && !busy && held.value > 0) void refresh()
  })

  return { filter, live, events, held, loading, loaded, error, more, refresh, loadMore }
}
