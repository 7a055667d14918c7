/** The chats of a bot's log, the newest first; read again when something is written. */
import { useDebounceFn } from '@vueuse/core'
import { ref, shallowRef } from 'vue'
import type { ChatView } from '../../../../server/bots/contract/index.ts'
import { messageOf } from '../../../api/api-error.ts'
import { useApi } from '../../../api/api.ts'

export type ChatRow = ChatView

/** By WhatsApp id; of those whose name is known. */
export const namesOf = (chats: readonly ChatRow[]): (readonly [chat: string, name: string])[] =>
  chats.flatMap(({ chat, name }) => (name === null ? [] : [[chat, name] as const]))

const page = 50

export function useChats(userId: string) {
  const chats = shallowRef<readonly ChatRow[]>([])
  const next = ref<number | null>(null)
  const loaded = ref(false)
  const error = ref<string | null>(null)
  let asked = 0

  async function refresh(): Promise<void> {
    asked += 1
    const own = asked
    try {
      // As many as are shown: what was paged in stays in.
      const limit = Math.min(200, Math.max(page, chats.value.length))
      const answer = await useApi().bots.chats({ params: { userId }, query: { limit } })
      if (own !== asked) return
      chats.value = answer.chats
      next.value = answer.next
      error.value = null
    } catch (failure) {
      if (own === asked) error.value = messageOf(failure)
    }
    loaded.value = true
  }

  async function more(): Promise<void> {
    if (next.value === null) return
    const answer = await useApi().bots.chats({ params: { userId }, query: { before: next.value, limit: page } })
    const known = new Set(chats.value.map(({ chat }) => chat))
    chats.value = [...chats.value, ...answer.chats.filter(({ chat }) => !known.has(chat))]
    next.value = answer.next
  }

  void refresh()
  // A busy group would be read a hundred times a second otherwise.
  return { chats, next, loaded, error, refresh, more, refreshSoon: useDebounceFn(refresh, 150, { maxWait: 1_000 }) }
}
