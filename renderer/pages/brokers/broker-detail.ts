/** One session with its clients, topics, charts and dead letters, read again every two seconds while it is shown. */
import type { Ref } from 'vue'
import { useApi } from '../../api/api.ts'
import { useResource } from '../../use/use-resource.ts'

const every = 2_000

export function useBrokerDetail(name: Ref<string>) {
  const { value, error, refresh } = useResource({
    key: () => name.value,
    every,
    async read(signal, name) {
      const params = { name }
      const [shown, dead] = await Promise.all([
        useApi().brokers.session({ params, signal }),
        useApi().brokers.deadLetters({ params, query: { limit: 50 }, signal }),
      ])
      return { ...shown, deadLetters: dead.deadLetters, deadTotal: dead.total }
    },
  })
  return { detail: value, error, refresh }
}
