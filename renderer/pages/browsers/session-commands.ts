/** Sessions in the command palette: open one's panel, take it over, end it, or open a new one. */
import { computed } from 'vue'
import { useRouter } from 'vue-router'
import { middle } from '../../presentation/format.ts'
import { useBrowsers } from '../../stores/browsers.ts'
import { provideCommands, type Command } from '../../use/commands.ts'
import { sessionPresentation, sessionName } from './session-presentation.ts'

export function useSessionCommands(): void {
  const browsers = useBrowsers()
  const router = useRouter()
  provideCommands({
    sessions: computed(() =>
      browsers.sessions.map((session): Command => ({
        label: sessionName(session),
        icon: 'i-lucide-globe',
        suffix: middle(session.currentUrl, 56),
        state: sessionPresentation(session.state),
        onSelect: () => void router.push({ path: '/browsers', query: { session: session.id } }),
      })),
    ),
    actions: computed(() => [
      { label: 'Recordings', icon: 'i-lucide-film', suffix: 'Browsers', onSelect: () => void router.push('/browsers/recordings') },
      {
        label: 'Sites and their logins',
        icon: 'i-lucide-list-checks',
        suffix: 'Browsers',
        onSelect: () => void router.push('/browsers/sites'),
      },
      { label: 'Open browser session', icon: 'i-lucide-plus', suffix: 'Browsers', onSelect: () => void router.push('/browsers?open') },
      ...browsers.sessions.flatMap((session): Command[] => [
        {
          label: `Open ${sessionName(session)} large`,
          icon: 'i-lucide-maximize-2',
          suffix: 'Browsers',
          searched: true,
          onSelect: () => void router.push(`/browsers/${session.id}`),
        },
        {
          label: `Take over ${sessionName(session)}`,
          icon: 'i-lucide-mouse-pointer-click',
          suffix: 'Browsers',
          searched: true,
          onSelect: () => void router.push({ path: '/browsers', query: { session: session.id, 'take-over': null } }),
        },
        {
          label: `Close session of ${sessionName(session)}`,
          icon: 'i-lucide-power',
          suffix: 'Browsers',
          color: 'error',
          searched: true,
          onSelect: () => void router.push({ path: '/browsers', query: { session: session.id, close: null } }),
        },
      ]),
    ]),
  })
}
