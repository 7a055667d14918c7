/** What is recorded of one session: read once for each filter, and followed from then on. */
import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import {
  recorderTailMessage,
  type RecorderCategory,
  type RecorderEntry,
  type RecorderSource,
  type RecorderTailMessage,
} from '../../../../server/browsers/contract/index.ts'
import { useApi } from '../../../api/api.ts'
import { useResource } from '../../../use/use-resource.ts'

export interface FeedFilter {
  category: RecorderCategory | null
  sources: readonly RecorderSource[]
  text: string
}

type Counts = Partial<Record<RecorderCategory, number>>

/** Followed beyond the first read; older ones of them are read again when they are wanted. */
const mostFollowed = 400
const perRead = 200
const firstDelay = 500
const longestDelay = 8_000

/** `live` is false for a session that has ended, which is only read. */
export function useRecorderFeed(id: Ref<string>, filter: Ref<FeedFilter>, live: Ref<boolean>) {
  const query = computed(() => ({
    ...(filter.value.category === null ? {} : { category: filter.value.category }),
    ...(filter.value.sources.length === 0 ? {} : { source: filter.value.sources.join(',') }),
    ...(filter.value.text === '' ? {} : { text: filter.value.text }),
  }))
  const limit = ref(perRead)
  const resource = useResource({
    key: () => JSON.stringify([id.value, query.value, limit.value]),
    read: (signal) => useApi().browsers.recorder({ params: { id: id.value }, query: { ...query.value, limit: limit.value }, signal }),
  })

  /** What came since the list was read, the latest first. */
  const followed = shallowRef<RecorderEntry[]>([])
  const more = shallowRef<Counts>({})
  const skipped = ref(0)
  const totals = shallowRef<RecorderTailMessage['totals'] | null>(null)
  watch(resource.value, (read) => {
    followed.value = []
    more.value = {}
    skipped.value = 0
    if (read !== null) totals.value = read.totals
  })

  const newest = computed(() => resource.value.value?.entries[0]?.id ?? 0)
  const entries = computed(() => [...followed.value.filter((entry) => entry.id > newest.value), ...(resource.value.value?.entries ?? [])])
  const counts = computed(() => {
    const sum: Counts = { ...resource.value.value?.counts }
    for (const [name, count] of Object.entries(more.value)) sum[name as RecorderCategory] = (sum[name as RecorderCategory] ?? 0) + count
    return sum
  })

  let socket: WebSocket | null = null
  let retry: ReturnType<typeof setTimeout> | undefined
  let delay = firstDelay

  function follow(): void {
    const mine = useApi().transport.openSocket(`/browsers/v1/browser-sessions/${id.value}/recorder/tail`, query.value)
    socket = mine
    // What happened before it opened has to be read.
    mine.addEventListener('open', () => {
      delay = firstDelay
      if (socket === mine) void resource.refresh()
    })
    mine.addEventListener('message', ({ data }) => {
      const message = socket === mine ? parse(data) : null
      if (message !== null) take(message)
    })
    mine.addEventListener('close', () => {
      if (socket !== mine) return
      socket = null
      if (!live.value) return void resource.refresh()
      retry = setTimeout(follow, delay)
      delay = Math.min(longestDelay, delay * 2)
    })
  }

  function take(message: RecorderTailMessage): void {
    totals.value = message.totals
    if (message.entries.length > 0) followed.value = [...message.entries.toReversed(), ...followed.value].slice(0, mostFollowed)
    skipped.value += message.skipped
    const sum: Counts = { ...more.value }
    for (const [name, count] of Object.entries(message.counts)) sum[name as RecorderCategory] = (sum[name as RecorderCategory] ?? 0) + count
    more.value = sum
  }

  function leave(): void {
    clearTimeout(retry)
    const old = socket
    socket = null
    old?.close()
  }

  watch(
    [id, query, live],
    () => {
      leave()
      if (live.value) follow()
    },
    { immediate: true },
  )
  onScopeDispose(leave)

  return {
    entries,
    counts,
    totals,
    /** How many came too fast to be sent; they are in the list when it is read again. */
    skipped,
    older: computed(() => resource.value.value?.more ?? false),
    error: resource.error,
    read: computed(() => resource.value.value !== null),
    refresh: resource.refresh,
    readOlder: () => void (limit.value = Math.min(1_000, limit.value + perRead)),
  }
}

function parse(data: unknown): RecorderTailMessage | null {
  if (typeof data !== 'string') return null
  try {
    return recorderTailMessage.safeParse(JSON.parse(data)).data ?? null
  } catch {
    return null
  }
}
