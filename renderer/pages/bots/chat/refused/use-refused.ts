/** What a bot could not send, the newest first, until somebody has sent it otherwise or discarded it. */
import { useDebounceFn } from '@vueuse/core'
import { computed, ref, shallowRef } from 'vue'
import { useApi } from '../../../../api/api.ts'
import { isMessage, type RefusedMessage } from './refusal.ts'

const most = 200

export function useRefused(userId: string) {
  const messages = shallowRef<readonly RefusedMessage[]>([])
  /** The one that is looked at, by its id. */
  const open = ref<string | null>(null)

  async function refresh(): Promise<void> {
    messages.value = await useApi()
      .bots.sentMessages({ params: { userId }, query: { status: 'failed', limit: most } })
      .then(
        (answer) => answer.messages.filter((message) => message.status === 'failed' && isMessage(message)),
        // Chats are whole without; what is wrong with the server is said beside them.
        () => messages.value,
      )
  }

  void refresh()
  return {
    messages,
    open,
    shown: computed(() => messages.value.find(({ messageId }) => messageId === open.value) ?? null),
    refresh,
    refreshSoon: useDebounceFn(refresh, 150, { maxWait: 1_000 }),
    /** The one after this, from the newest to the oldest and round again. */
    next(): void {
      const index = messages.value.findIndex(({ messageId }) => messageId === open.value)
      open.value = messages.value[(index + 1) % Math.max(1, messages.value.length)]?.messageId ?? null
    },
  }
}
