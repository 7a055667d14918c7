/** How the window names and draws each API: as the list of rooms and the catalogue of words say. */
import { apis, forEachApi, type ApiDescription, type ApiName } from '../../server/rooms.ts'
import { words } from './words.ts'

export const roomPresentations: Readonly<Record<ApiName, ApiDescription & { title: string }>> = forEachApi((name) => ({
  ...apis[name],
  title: words.apis[name].title,
}))

/** The order in which rooms stand in the side bar and on the overview. */
export const roomOrder: readonly ApiName[] = ['browsers', 'brokers', 'bots', 'logins', 'relay']
