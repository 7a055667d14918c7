/** What the palette offers beside the pages: what the rooms provide, then what is the window's own. */
import { computed } from 'vue'
import { useRouter } from 'vue-router'
import { copyText } from '../desktop/desktop.ts'
import { useApis } from '../stores/apis.ts'
import { useTheme } from '../stores/theme.ts'
import { commandSources, type Command } from '../use/commands.ts'
import { useReport } from '../use/use-report.ts'

export function useCommands() {
  const router = useRouter()
  const apis = useApis()
  const theme = useTheme()
  const report = useReport()

  const own = computed<Command[]>(() => [
    { label: 'Create key', icon: 'i-lucide-plus', suffix: 'API keys', onSelect: () => void router.push('/keys/new') },
    ...apis.all.map((api): Command => ({
      label: `Copy address of ${api.name}`,
      icon: 'i-lucide-copy',
      suffix: api.url,
      onSelect: () =>
        void copyText(api.url).then(
          () => report.done(`Address of ${api.name} copied`, api.url),
          (error: unknown) => report.failed('The address was not copied', error),
        ),
    })),
    {
      label: theme.dark ? 'Use the light theme' : 'Use the dark theme',
      icon: theme.dark ? 'i-lucide-sun' : 'i-lucide-moon',
      onSelect: () => void theme.choose(theme.dark ? 'light' : 'dark'),
    },
    { label: 'Open to other devices', icon: 'i-lucide-network', suffix: 'Settings', onSelect: () => void router.push('/settings/network') },
  ])

  return {
    sessions: computed(() => [...commandSources].flatMap((source) => source.sessions?.value ?? [])),
    actions: computed(() => [...[...commandSources].flatMap((source) => source.actions?.value ?? []), ...own.value]),
  }
}
