/**
 * Something read from the server and kept fresh: read again when it changed, when the connection returns, or now and then,
 * for as long as the store or component lives that asked for it.
 */
import { useIntervalFn } from '@vueuse/core'
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { BusEvent } from '../../server/events/event.ts'
import { messageOf } from '../api/api-error.ts'
import { useConnection } from '../api/connection.ts'

export interface ResourceOptions<Value, Key> {
  read(signal: AbortSignal, key: Key): Promise<Value>
  /**
   * What it is read of, e.g. the id of the session that a panel shows. Of another one it is read at once; what was shown
   * of the one before is dropped, and so is an answer that is still on its way. Null: nothing is read.
   */
  key?: () => Key | null
  /** Names in `changed` messages after which it is read again. */
  resources?: readonly string[]
  /** Events after which it is read again. */
  concerns?(event: BusEvent): boolean
  /** Read again after so many ms, for what makes no event of its own. */
  every?: number
}

export interface Resource<Value> {
  /** Null until it was read. */
  value: ShallowRef<Value | null>
  error: Ref<string | null>
  loading: Ref<boolean>
  refresh(): Promise<void>
}

export function useResource<Value, Key extends string | number = never>({
  read,
  key,
  resources = [],
  concerns,
  every,
}: ResourceOptions<Value, Key>): Resource<Value> {
  const value = shallowRef<Value | null>(null)
  const error = ref<string | null>(null)
  const loading = ref(false)
  const connection = useConnection()
  let running: AbortController | null = null
  let again = false

  /** One read at a time: what comes in meanwhile is answered by one more read afterwards. */
  async function refresh(): Promise<void> {
    const asked = key?.()
    if (asked === null) return
    if (running !== null) {
      again = true
      return
    }
    const controller = new AbortController()
    const { signal } = controller
    running = controller
    loading.value = true
    try {
      // Without a key, `Key` is never and `read` has no use for one.
      const answer = await read(signal, asked as Key)
      if (signal.aborted) return
      value.value = answer
      error.value = null
    } catch (failure) {
      if (!signal.aborted) error.value = messageOf(failure)
    } finally {
      if (running === controller) {
        running = null
        loading.value = false
      }
    }
    if (again && !signal.aborted) {
      again = false
      await refresh()
    }
  }

  function drop(): void {
    running?.abort()
    running = null
    again = false
    loading.value = false
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
  if (key !== undefined)
    watch(key, () => {
      drop()
      value.value = null
      error.value = null
      void refresh()
    })
  if (every !== undefined) useIntervalFn(() => void refresh(), every)
  // What is asked for when the window is already connected has missed the first refresh.
  if (connection.state === 'connected') void refresh()
  onScopeDispose(() => {
    for (const end of ends) end()
    drop()
  })

  return { value, error, loading, refresh }
}
