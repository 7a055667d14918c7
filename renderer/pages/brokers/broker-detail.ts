/** What the pages of a session read: all of it every two seconds while it is shown, and the address of its clients. */
import { computed, type Ref } from 'vue'
import { useApi } from '../../api/api.ts'
import { useApis } from '../../stores/apis.ts'
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

/** Where clients of all sessions connect. */
export function useBrokerAddress() {
  const apis = useApis()
  return computed(() => {
    const api = apis.byName('brokers')
    return (api?.openTo === 'lan' ? (api.lanUrls[0] ?? api.url) : (api?.url ?? 'http://127.0.0.1:3000')).replace(/^http/, 'ws')
  })
}
