/** The server's version, for the side bar and the about page. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { useApi } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'

const useHealth = defineStore('health', () => {
  const { value } = useResource({ read: (signal) => useApi().control.health({ signal }) })
  return { version: computed(() => value.value?.version ?? '') }
})

export function useVersion() {
  const health = useHealth()
  return computed(() => health.version)
}
