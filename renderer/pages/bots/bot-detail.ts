/** One bot with its history, backups and last seven days, read again when something of it changes. */
import { computed, watch, type Ref } from 'vue'
import { useApi } from '../../api/api.ts'
import { useBots } from '../../stores/bots.ts'
import { useResource } from '../../use/use-resource.ts'

export function useBotDetail(userId: Ref<string>) {
  const bots = useBots()
  const { value, error, refresh } = useResource({
    // The wizard has none before its first step is done.
    key: () => (userId.value === '' ? null : userId.value),
    async read(signal, userId) {
      const params = { userId }
      const [{ history, backups }, week] = await Promise.all([
        useApi().bots.bot({ params, signal }),
        useApi().bots.botActivity({ params, query: { window: '7d' }, signal }),
      ])
      return { history, backups, week }
    },
    // What is done to it without a change of its state, e.g. a backup.
    concerns: ({ room, subject }) => room === 'bots' && subject === userId.value,
  })
  watch(
    () => bots.byId(userId.value)?.since,
    () => void refresh(),
  )
  return {
    history: computed(() => value.value?.history ?? []),
    backups: computed(() => value.value?.backups ?? []),
    week: computed(() => value.value?.week ?? null),
    error,
    refresh,
  }
}
