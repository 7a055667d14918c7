/** One session with its events, read again when something about it happened. */
import { computed, type Ref } from 'vue'
import type { BrowserSession, SessionEvent } from '../../../server/browsers/contract/index.ts'
import { ApiError } from '../../api/api-error.ts'
import { useApi } from '../../api/api.ts'
import { useResource, type Resource } from '../../use/use-resource.ts'

export interface SessionDetail {
  session: BrowserSession
  events: readonly SessionEvent[]
}

interface Shown {
  detail: SessionDetail | null
  /** The session is over; what was last known of it stays. */
  gone: boolean
}

export function useSessionDetail(id: Ref<string>) {
  const { value, error, refresh }: Resource<Shown> = useResource<Shown, string>({
    key: () => id.value,
    async read(signal, id): Promise<Shown> {
      try {
        const detail = await useApi().browsers.browserSession({ params: { id }, signal })
        return { detail, gone: detail.session.state === 'closed' || detail.session.state === 'hibernated' }
      } catch (failure) {
        if (!(failure instanceof ApiError) || failure.status !== 404) throw failure
        return { detail: value.value?.detail ?? null, gone: true }
      }
    },
    resources: ['browsers'],
    concerns: ({ room }) => room === 'browsers',
  })
  return {
    detail: computed(() => value.value?.detail ?? null),
    gone: computed(() => value.value?.gone ?? false),
    error,
    refresh,
  }
}
