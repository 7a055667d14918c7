/** Which Chromium is used, where it was looked for, and the download of one. */
import { useIntervalFn } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, watch } from 'vue'
import type { ChromiumState } from '../../server/browsers/contract/index.ts'
import { useApi } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'

export const useChromium = defineStore('chromium', () => {
  const { value, error, refresh } = useResource({
    read: (signal) => useApi().browsers.chromium({ signal }),
    resources: ['chromium'],
    concerns: ({ type }) => type.startsWith('chromium'),
  })

  // A download's progress is worth no event; it is asked for while one runs.
  const { pause, resume } = useIntervalFn(() => void refresh(), 700, { immediate: false })
  const busy = computed(() => value.value?.state === 'installing' || value.value?.state === 'checking')
  watch(busy, (now) => (now ? resume() : pause()), { immediate: true })

  const keep = (state: ChromiumState): ChromiumState => (value.value = state)

  return {
    chromium: value,
    busy,
    error,
    refresh,
    /** Looks again and validates what is found by a launch. */
    find: async () => keep(await useApi().browsers.findChromium()),
    install: async () => keep(await useApi().browsers.installChromium()),
    cancelInstall: async () => keep(await useApi().browsers.cancelInstall()),
  }
})
