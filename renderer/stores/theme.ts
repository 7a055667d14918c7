/** Light, dark or as the system has it. The desktop keeps the choice with its settings, a browser keeps its own. */
import { useColorMode } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, watch } from 'vue'
import { desktop } from '../desktop/desktop.ts'
import { useReportedAction } from '../use/use-action.ts'
import { useSettings } from './settings.ts'

export type Theme = 'system' | 'light' | 'dark'

export const useTheme = defineStore('theme', () => {
  const mode = useColorMode({ emitAuto: true, disableTransition: true })
  const settings = useSettings()
  const { run: attempt } = useReportedAction()

  const choice = computed<Theme>(() => (mode.store.value === 'auto' ? 'system' : mode.store.value === 'dark' ? 'dark' : 'light'))
  const dark = computed(() => mode.state.value === 'dark')

  function apply(theme: Theme): void {
    mode.store.value = theme === 'system' ? 'auto' : theme
  }

  async function choose(theme: Theme): Promise<void> {
    apply(theme)
    if (desktop === null) return
    const shell = desktop
    await attempt('The theme was not kept', async () => {
      await shell.setTheme(theme)
      await settings.change({ theme })
    })
  }

  watch(
    () => settings.settings?.theme,
    (theme) => {
      if (desktop !== null && theme !== undefined) apply(theme)
    },
  )

  return { choice, dark, choose }
})
