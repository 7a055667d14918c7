/** Whether one is on a page of the side bar, or on one below it. */
import { useRoute } from 'vue-router'
import type { NavigationPage } from './navigation.ts'

export function useActivePage(): (page: NavigationPage) => boolean {
  const route = useRoute()
  return ({ to }) => (to === '/' ? route.path === '/' : route.path.startsWith(to))
}
