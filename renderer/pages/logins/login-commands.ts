/** Logins in the command palette. */
import { computed } from 'vue'
import { useRouter } from 'vue-router'
import { provideCommands } from '../../use/commands.ts'

export function useLoginCommands(): void {
  const router = useRouter()
  provideCommands({
    actions: computed(() => [
      { label: 'Check a token', icon: 'i-lucide-scan-line', suffix: 'Logins', onSelect: () => void router.push('/logins?inspect') },
      { label: 'Create login session', icon: 'i-lucide-plus', suffix: 'Logins', onSelect: () => void router.push('/logins?create') },
      {
        label: 'Rotate the signing key',
        icon: 'i-lucide-rotate-cw',
        suffix: 'Logins',
        onSelect: () => void router.push('/logins?tab=keys'),
      },
    ]),
  })
}
