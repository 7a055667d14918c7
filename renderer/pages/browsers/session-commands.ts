/** Sessions in the command palette: open one's panel, or a new one. */
import { computed } from 'vue'
import { useRouter } from 'vue-router'
import { provideCommands, type Command } from '../../shell/commands.ts'
import { useBrowsers } from '../../stores/browsers.ts'
import { sessionLook, sessionName } from './session-look.ts'

export function useSessionCommands(): void {
  const browsers = useBrowsers()
  const router = useRouter()
  provideCommands({
    sessions: computed(() => browsers.sessions.map((session): Command => ({
      label: sessionName(session),
      icon: 'i-lucide-globe',
      suffix: `${session.profile}, ${sessionLook(session.state).label.toLowerCase()}`,
      onSelect: () => void router.push({ path: '/browsers', query: { session: session.id } }),
    }))),
    actions: computed(() => [{ label: 'Open browser session', icon: 'i-lucide-plus', suffix: 'Browsers', onSelect: () => void router.push('/browsers?open') }]),
  })
}
