/** Something read from the server and kept fresh: read again when it changed, when the connection returns, or now and then. */
import { onScopeDispose, ref, shallowRef } from 'vue'
import type { BusEvent } from '../../server/events/event.ts'
import { messageOf } from '../api/api-error.ts'
import { useConnection } from '../api/connection.ts'

export interface ResourceOptions<Value> {
  read(signal: AbortSignal): Promise<Value>
  /** Names in `changed` messages after which it is read again. */
  resources?: readonly string[]
  /** Events after which it is read again. */
  concerns?(event: BusEvent): boolean
}

export function resource<Value>({ read, resources = [], concerns }: ResourceOptions<Value>) {
  const value = shallowRef<Value | null>(null)
  const error = ref<string | null>(null)
  const loading = ref(false)
  const connection = useConnection()
  let running: AbortController | null = null
  let again = false

  /** One read at a time: what comes in meanwhile is answered by one more read afterwards. */
  async function refresh(): Promise<void> {
    if (running !== null) {
      again = true
      return
    }
    const controller = new AbortController()
    running = controller
    loading.value = true
    try {
      value.value = await read(controller.signal)
      error.value = null
    } catch (failure) {
      if (!controller.signal.aborted) error.value = messageOf(failure)
    } finally {
      running = null
      loading.value = false
    }
    if (again) {
      again = false
      await refresh()
    }
  }

  const ends = [
    connection.onRefresh(() => void refresh()),
    connection.onChanged((names) => {
      if (resources.some((name) => names.has(name))) void refresh()
    }),
    connection.onEvents((batch) => {
      if (concerns !== undefined && batch.some(concerns)) void refresh()
    }),
  ]
  // A store that is made when the window is already connected has missed the first refresh.
  if (connection.state === 'connected') void refresh()
  onScopeDispose(() => {
    for (const end of ends) end()
    running?.abort()
  })

  return { value, error, loading, refresh }
}
