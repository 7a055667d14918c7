/** The pages in the order of the side bar; also the order of Ctrl+1 to Ctrl+9. */
import { computed } from 'vue'
import type { ApiName } from '../../server/http/contract.ts'
import { roomPresentations, roomOrder } from '../presentation/rooms.ts'
import type { Tone } from '../presentation/tone.ts'
import { useApis } from '../stores/apis.ts'
import { useOverview } from '../stores/overview.ts'

export interface NavigationPage {
  to: string
  label: string
  icon: string
  /** Set for a room: its count and its worst open item. */
  room?: ApiName
  count?: number
  dot?: Tone | undefined
}

export function useNavigation() {
  const apis = useApis()
  const overview = useOverview()

  const rooms = computed<NavigationPage[]>(() => {
    const present = new Set(apis.rooms.map(({ name }) => name))
    return roomOrder.flatMap((room) => {
      const presentation = roomPresentations[room]
      if (!present.has(room) || presentation.route === null) return []
      const summary = overview.room(room)
      const exposed = apis.byName(room)?.exposed === true
      const page: NavigationPage = {
        to: presentation.route,
        label: presentation.title,
        icon: presentation.icon,
        room,
        dot: exposed ? 'bad' : (summary?.worst ?? undefined),
      }
      return [summary === undefined ? page : { ...page, count: summary.count }]
    })
  })

  const house: readonly NavigationPage[] = [
    { to: '/keys', label: 'API keys', icon: 'i-lucide-key-round' },
    { to: '/activity', label: 'Activity', icon: 'i-lucide-history' },
    { to: '/settings', label: 'Settings', icon: 'i-lucide-settings-2' },
  ]
  const home: NavigationPage = { to: '/', label: 'Overview', icon: 'i-lucide-layout-dashboard' }

  return { home, rooms, house, pages: computed(() => [home, ...rooms.value, ...house]) }
}
