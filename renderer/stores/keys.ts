/** API keys. A secret passes through once, in the answer that made it, and is never kept here. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { KeyView } from '../../server/control/contract/index.ts'
import type { Right } from '../../server/http/rights.ts'
import { useApi, type Body } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'

export type NewKey = Body<'control', 'createKey'>

export const useKeys = defineStore('keys', () => {
  const { value, error, loading, refresh } = useResource({
    read: async (signal) => (await useApi().control.keys({ signal })).keys,
    resources: ['keys'],
    concerns: ({ type }) => type.startsWith('key-'),
  })

  return {
    all: computed<KeyView[]>(() => value.value ?? []),
    loaded: computed(() => value.value !== null),
    error,
    loading,
    refresh,
    async create(key: NewKey): Promise<KeyView & { secret: string }> {
      const made = await useApi().control.createKey({ body: key })
      await refresh()
      return made
    },
    /** Takes away what is not named. */
    async narrow({ id }: KeyView, rights: Right[], only: NewKey['only'] = {}): Promise<void> {
      const narrowed = await useApi().control.narrowKey({ params: { id }, body: { rights, only } })
      value.value = (value.value ?? []).map((key) => (key.id === id ? narrowed : key))
    },
    async revoke(key: KeyView): Promise<void> {
      await useApi().control.revokeKey({ params: { id: key.id } })
      value.value = (value.value ?? []).filter(({ id }) => id !== key.id)
    },
  }
})
