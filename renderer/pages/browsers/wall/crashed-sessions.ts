/** Sessions whose browser died while they were looked at: they leave the list, but who watched wants to know, and to have them back. */
import { shallowRef, watch } from 'vue'
import type { BrowserSession } from '../../../../server/browsers/contract/index.ts'
import { useApi } from '../../../api/api.ts'
import { useBrowsers } from '../../../stores/browsers.ts'

export function useCrashedSessions() {
  const browsers = useBrowsers()
  const crashed = shallowRef<readonly BrowserSession[]>([])

  watch(
    () => browsers.sessions.map(({ id }) => id),
    async (now, before) => {
      const gone = before.filter((id) => !now.includes(id))
      const ended = await Promise.all(gone.map(read))
      const died = ended.filter((session) => session?.endReason === 'crashed')
      const others = crashed.value.filter(({ id }) => !now.includes(id) && !gone.includes(id))
      crashed.value = [...others, ...died.filter((session) => session !== null)]
    },
  )

  return { crashed, dismiss: (id: string) => (crashed.value = crashed.value.filter((session) => session.id !== id)) }
}

async function read(id: string): Promise<BrowserSession | null> {
  try {
    return (await useApi().browsers.browserSession({ params: { id } })).session
  } catch {
    // Nothing is known of it any more, so there is nothing to tell.
    return null
  }
}
