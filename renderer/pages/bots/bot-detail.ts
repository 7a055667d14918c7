/** One bot with its history and backups, read again when something of it changes. */
import { ref, watch, type Ref } from 'vue'
import type { BackupView, HistoryEntry } from '../../../server/bots/contract.ts'
import { messageOf } from '../../api/api-error.ts'
import { useApi } from '../../api/api.ts'
import { useBots } from '../../stores/bots.ts'

export function useBotDetail(userId: Ref<string>) {
  const bots = useBots()
  const history = ref<HistoryEntry[]>([])
  const backups = ref<BackupView[]>([])
  const error = ref<string | null>(null)

  async function refresh(): Promise<void> {
    const asked = userId.value
    // The wizard has none before its first step is done.
    if (asked === '') return
    try {
      const detail = await useApi().bots.bot({ params: { userId: asked } })
      if (asked !== userId.value) return
      history.value = detail.history
      backups.value = detail.backups
      error.value = null
    } catch (failure) {
      if (asked === userId.value) error.value = messageOf(failure)
    }
  }
  watch([userId, () => bots.byId(userId.value)?.since], () => void refresh(), { immediate: true })
  return { history, backups, error, refresh }
}
