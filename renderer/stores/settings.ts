/** The settings in force, what fixes them from outside and what was set aside. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { SettingsPatch } from '../../server/config/settings.ts'
import { useApi } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'

export const useSettings = defineStore('settings', () => {
  const { value, error, refresh } = useResource({
    read: (signal) => useApi().control.settings({ signal }),
    resources: ['settings'],
    concerns: ({ type }) => type.startsWith('setting'),
  })

  return {
    view: value,
    settings: computed(() => value.value?.settings ?? null),
    error,
    refresh,
    /** The flag or variable that fixes a value, e.g. `--browser`. */
    fixedBy: (path: string): string | null => value.value?.fixed[path] ?? null,
    async change(patch: SettingsPatch): Promise<void> {
      value.value = await useApi().control.changeSettings({ body: patch })
    },
  }
})
