/** What the palette offers beside the pages. Rooms add their own through `provideCommands`. */
import { computed, onScopeDispose, shallowReactive, type ComputedRef } from 'vue'
import { useRouter } from 'vue-router'
import type { StateLook } from '../components/tone.ts'
import { copyText } from '../desktop/desktop.ts'
import { useReport } from '../report.ts'
import { useApis } from '../stores/apis.ts'
import { useTheme } from '../stores/theme.ts'

export interface Command {
  label: string
  icon: string
  /** Quiet words after the label, e.g. the room or an address. */
  suffix?: string
  /** Red: ends something. */
  color?: 'error'
  kbds?: string[]
  /** How the thing is that it leads to. */
  state?: StateLook
  /** Offered to who searches, not to who looks. */
  searched?: true
  onSelect(): void
}

export interface CommandSource {
  sessions?: ComputedRef<Command[]>
  actions?: ComputedRef<Command[]>
}

const sources = shallowReactive(new Set<CommandSource>())

/** Adds commands for as long as the calling component or store lives. */
export function provideCommands(source: CommandSource): void {
  sources.add(source)
  onScopeDispose(() => sources.delete(source))
}

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
    sessions: computed(() => [...sources].flatMap((source) => source.sessions?.value ?? [])),
    actions: computed(() => [...[...sources].flatMap((source) => source.actions?.value ?? []), ...own.value]),
  }
}
