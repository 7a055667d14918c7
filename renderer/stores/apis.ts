/** The APIs with their addresses and states, and what can be done to them. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { ApiView } from '../../server/control/contract/index.ts'
import type { ApiName } from '../../server/http/contract.ts'
import { useApi, type Body } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'

export type ApiChange = Body<'control', 'changeApi'>

export const useApis = defineStore('apis', () => {
  const { value, error, refresh } = useResource({
    read: async (signal) => (await useApi().control.apis({ signal })).apis,
    resources: ['apis', 'settings'],
    concerns: ({ room, type }) => room === 'control' && /^(api|port|listener|setting)/.test(type),
  })

  const all = computed(() => value.value ?? [])
  const rooms = computed(() => all.value.filter((api) => api.name !== 'control'))
  const exposed = computed(() => all.value.filter((api) => api.exposed))

  function put(api: ApiView): ApiView {
    value.value = all.value.map((other) => (other.name === api.name ? api : other))
    return api
  }

  return {
    all,
    rooms,
    exposed,
    error,
    refresh,
    byName: (name: ApiName): ApiView | undefined => all.value.find((api) => api.name === name),
    startApi: async (name: ApiName) => put(await useApi().control.startApi({ params: { name } })),
    stopApi: async (name: ApiName) => put(await useApi().control.stopApi({ params: { name } })),
    changeApi: async (name: ApiName, body: ApiChange) => put(await useApi().control.changeApi({ params: { name }, body })),
  }
})
