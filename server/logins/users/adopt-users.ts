/** Moves users that this server kept by itself to where all servers of one Redis find them. */
import { LoginFault } from '../fault.ts'
import type { Log } from '../../log.ts'
import type { LoginUserStore } from './users-store.ts'

/**
 * Each leaves this server once it is there, so that who is removed later does not come back with the next start. A name that is taken there
 * stays here.
 */
export async function adoptUsers(local: LoginUserStore, shared: LoginUserStore, log: Pick<Log, 'info' | 'warn'>): Promise<void> {
  for (const user of await local.all()) {
    try {
      await shared.add(user)
      const arrived = await shared.find(user.id)
      if (arrived === undefined) continue
      await local.remove(user.id)
      log.info({ user: user.id }, 'a login user of this server is now shared through Redis')
    } catch (error) {
      if (!LoginFault.is(error, 'user-taken')) throw error
      log.warn({ user: user.id }, 'another user in Redis has the name of a login user of this server, who therefore cannot log in')
    }
  }
}
