/** One session with its events, read again when something about it happened. */
import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { BrowserSession, SessionEvent } from '../../../server/browsers/contract/index.ts'
import { ApiError, messageOf } from '../../api/api-error.ts'
import { useApi } from '../../api/api.ts'
import { useConnection } from '../../api/connection.ts'

export interface SessionDetail {
  session: BrowserSession
  events: readonly SessionEvent[]
}

export function useSessionDetail(id: Ref<string>) {
  const detail = shallowRef<SessionDetail | null>(null)
  /** The session is over; what was last known of it stays. */
  const gone = ref(false)
  const error = ref<string | null>(null)
  const connection = useConnection()
  let running = false
  let again = false

  async function refresh(): Promise<void> {
    if (running) {
      again = true
      return
    }
    running = true
    const asked = id.value
    try {
      const answer = await useApi().browsers.browserSession({ params: { id: asked } })
      if (asked === id.value) {
        detail.value = answer
        gone.value = answer.session.state === 'closed'
        error.value = null
      }
    } catch (failure) {
      if (asked !== id.value) return
      if (failure instanceof ApiError && failure.status === 404) gone.value = true
      else error.value = messageOf(failure)
    } finally {
      running = false
      if (again) {
        again = false
        void refresh()
      }
    }
  }

  watch(
    id,
    () => {
      detail.value = null
      gone.value = false
      void refresh()
    },
    { immediate: true },
  )

  const ends = [
    connection.onRefresh(() => void refresh()),
    connection.onChanged((names) => {
      if (names.has('browsers')) void refresh()
    }),
    connection.onEvents((batch) => {
      if (batch.some(({ room }) => room === 'browsers')) void refresh()
    }),
  ]
  onScopeDispose(() => ends.forEach((end) => end()))

  return { detail, gone, error, refresh }
}
