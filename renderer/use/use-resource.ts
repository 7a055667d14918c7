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
  let reading: { controller: AbortController; done: Promise<void>; next: Promise<void> | null } | null = null

  /**
   * One read at a time: what comes in meanwhile is answered by one more read afterwards. Resolves when a read has ended that began no
   * earlier than the call: whoever has just changed something finds that in `value`, also where an older read was still under way.
   */
  function refresh(): Promise<void> {
    const asked = key?.()
    if (asked === null) return Promise.resolve()
    if (reading !== null) {
      const { controller, done } = reading
      return (reading.next ??= done.then(() => (controller.signal.aborted ? undefined : (reading?.done ?? refresh()))))
    }
    const begun = { controller: new AbortController(), done: Promise.resolve(), next: null }
    reading = begun
    // Without a key, `Key` is never and `read` has no use for one.
    begun.done = readOnce(begun.controller, asked as Key)
    return begun.done
  }

  async function readOnce(controller: AbortController, asked: Key): Promise<void> {
    const { signal } = controller
    loading.value = true
    try {
      const answer = await read(signal, asked)
      if (signal.aborted) return
      value.value = answer
      error.value = null
    } catch (failure) {
      if (!signal.aborted) error.value = messageOf(failure)
    } finally {
      if (reading?.controller === controller) {
        reading = null
        loading.value = false
      }
    }
  }

  function drop(): void {
    reading?.controller.abort()
    reading = null
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
