/** What sessions see and what a person decides of it, put together: views, groups, profiles, and switches of what servers offer. */
import type { Database } from 'better-sqlite3'
import type { Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import type { Log } from '../../log.ts'
import type { relayEvents } from '../events.ts'
import { OfferedAdmin } from '../upstreams/offered.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { createGroupStore } from './groups-store.ts'
import { Groups } from './groups.ts'
import type { NamesStore } from './names-store.ts'
import { createProfileStore } from './profiles-store.ts'
import { Profiles } from './profiles.ts'
import type { SessionStore } from './store.ts'
import { Views } from './views.ts'

export interface SeenGiven {
  database: Database
  upstreams: Upstreams
  names: NamesStore
  store: SessionStore
  clock: Clock
  events: Announcer<typeof relayEvents>
  log: Log
  /** A session reaches something else now. */
  announce(session: string): void
  changed(): void
}

export function createSeen({ database, upstreams, names, store, clock, events, log, announce, changed }: SeenGiven) {
  const groups = new Groups({ store: createGroupStore(database), sessionsOf: store.byGroup, clock, events, announce, changed })
  const servers = () => upstreams.all().map(({ definition }) => definition)
  return {
    groups,
    views: new Views({ servers: upstreams, names, groupTools: (id) => groups.toolsOf(id), log }),
    profiles: new Profiles({ store: createProfileStore(database), groups, servers, clock, events, changed }),
    offered: new OfferedAdmin(upstreams),
  }
}
