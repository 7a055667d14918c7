/** One bot with its history, backups and last seven days, read again when something of it changes. */
import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { ActivityView, BackupView, HistoryEntry } from '../../../server/bots/contract/index.ts'
import { messageOf } from '../../api/api-error.ts'
import { useApi } from '../../api/api.ts'
import { useConnection } from '../../api/connection.ts'
import { useBots } from '../../stores/bots.ts'

export function useBotDetail(userId: Ref<string>) {
  const bots = useBots()
  const history = ref<HistoryEntry[]>([])
  const backups = ref<BackupView[]>([])
  const week = shallowRef<ActivityView | null>(null)
  const error = ref<string | null>(null)

  async function refresh(): Promise<void> {
    const asked = userId.value
    // The wizard has none before its first step is done.
    if (asked === '') return
    try {
      const params = { userId: asked }
      const [detail, activity] = await Promise.all([
        useApi().bots.bot({ params }),
        useApi().bots.botActivity({ params, query: { window: '7d' } }),
      ])
      if (asked !== userId.value) return
      history.value = detail.history
      backups.value = detail.backups
      week.value = activity
      error.value = null
    } catch (failure) {
      if (asked === userId.value) error.value = messageOf(failure)
    }
  }
  watch([userId, () => bots.byId(userId.value)?.since], () => void refresh(), { immediate: true })
  // What is done to it without a change of its state, e.g. a backup.
  onScopeDispose(
    useConnection().onEvents((batch) => {
      if (batch.some(({ room, subject }) => room === 'bots' && subject === userId.value)) void refresh()
    }),
  )
  return { history, backups, week, error, refresh }
}
