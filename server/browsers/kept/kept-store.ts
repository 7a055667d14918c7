/** The rows of kept logins. What they hold is sealed; a row that does not open, for want of the key, stays where it is. */
import type { Database } from 'better-sqlite3'
import { z } from 'zod'
import type { Sealer } from '../../secrets/sealer.ts'
import type { Setup } from '../contract/setup.ts'
import { endReason } from '../contract/endings.ts'
import type { BrowserState } from './browser-state.ts'

/** Whose a kept login is, and how it stands. Times in ms since the epoch. */
export const keptFacts = z.object({
  profile: z.string(),
  username: z.string(),
  /** Where it was opened, for a profile that names no address. */
  address: z.string().optional(),
  makers: z.array(z.string().nullable()),
  createdAt: z.number(),
  lastUsedAt: z.number(),
  keptAt: z.number(),
  /** Null while its browser runs. */
  asleepSince: z.number().nullable(),
  endReason: endReason.nullable(),
  /** Why it sleeps, in plain words. */
  reason: z.string().nullable(),
  url: z.string(),
  title: z.string(),
  tabs: z.number(),
  /** Of the sealed state. */
  bytes: z.number(),
  /** As far as its cookies say. */
  runsOutAt: z.number().nullable(),
  /** The cookie that says so. */
  runsOutBy: z.string().nullable().default(null),
  /** The site has refused it since. */
  refused: z.boolean(),
  leftOut: z.array(z.string()),
  /** How its browser was set up. */
  setup: z.custom<Setup>(),
})
export type KeptFacts = z.output<typeof keptFacts>

export interface KeptRow {
  id: string
  key: string | null
  facts: KeptFacts
}

export interface KeptStore {
  all(): KeptRow[]
  put(row: KeptRow, state?: BrowserState): number
  /** Null when there is none, or it does not open. */
  state(id: string): BrowserState | null
  remove(id: string): void
  /** Null when it does not open; made with `fresh` when there is none. */
  secret(fresh: () => Uint8Array): Uint8Array | null
  /** How many rows were sealed with a key that is not here. */
  locked(): number
  /** Removes them, and the secret when it is locked too. */
  giveUpLocked(): void
  refusals(profile: string): number
  putRefusals(profile: string, count: number): void
}

interface Row {
  id: string
  key: string | null
  facts: Buffer
}

export function createKeptStore(database: Database, sealer: Sealer): KeptStore {
  const all = database.prepare<[], Row>('SELECT session_id AS id, credential_key AS key, facts FROM kept_logins')
  const put = database.prepare(
    `INSERT INTO kept_logins (session_id, credential_key, facts, state) VALUES (?, ?, ?, ?)
     ON CONFLICT (session_id) DO UPDATE SET facts = excluded.facts, state = coalesce(excluded.state, state)`,
  )
  const removeKey = database.prepare('DELETE FROM kept_logins WHERE credential_key = ? AND session_id <> ?')
  const state = database.prepare<[string], { state: Buffer | null }>('SELECT state FROM kept_logins WHERE session_id = ?')
  const remove = database.prepare('DELETE FROM kept_logins WHERE session_id = ?')
  const secret = database.prepare<[], { sealed: Buffer }>('SELECT sealed FROM kept_login_secret')
  const putSecret = database.prepare('INSERT INTO kept_login_secret (only, sealed) VALUES (1, ?)')
  const removeSecret = database.prepare('DELETE FROM kept_login_secret')
  const refusals = database.prepare<[string], { refused: number }>('SELECT refused FROM kept_login_sites WHERE profile = ?')
  const putRefusals = database.prepare(
    'INSERT INTO kept_login_sites (profile, refused) VALUES (?, ?) ON CONFLICT (profile) DO UPDATE SET refused = excluded.refused',
  )
  const factsPlace = (id: string): string => `browsers:kept:${id}`
  const statePlace = (id: string): string => `browsers:kept-state:${id}`
  const secretPlace = 'browsers:kept-secret'

  const openFacts = ({ id, facts }: Row): KeptFacts | null => {
    try {
      return keptFacts.parse(JSON.parse(sealer.open(facts, factsPlace(id)).toString()))
    } catch {
      return null
    }
  }
  const openSecret = (): Uint8Array | 'none' | 'locked' => {
    const row = secret.get()
    if (row === undefined) return 'none'
    try {
      return sealer.open(row.sealed, secretPlace)
    } catch {
      return 'locked'
    }
  }

  return {
    all: () =>
      all.all().flatMap((row) => {
        const facts = openFacts(row)
        return facts === null ? [] : [{ id: row.id, key: row.key, facts }]
      }),
    put({ id, key, facts }, newState) {
      const sealed = newState === undefined ? null : sealer.seal(JSON.stringify(newState), statePlace(id))
      const bytes = sealed?.length ?? facts.bytes
      const row = sealer.seal(JSON.stringify({ ...facts, bytes } satisfies KeptFacts), factsPlace(id))
      database.transaction(() => {
        // Of another session with these credentials, which this one has taken the place of.
        if (key !== null) removeKey.run(key, id)
        put.run(id, key, row, sealed)
      })()
      return bytes
    },
    state(id) {
      const sealed = state.get(id)?.state
      if (sealed == null) return null
      try {
        return JSON.parse(sealer.open(sealed, statePlace(id)).toString()) as BrowserState // sealed by us, so nobody else has written it
      } catch {
        return null
      }
    },
    remove: (id) => void remove.run(id),
    secret(fresh) {
      const known = openSecret()
      if (known === 'locked') return null
      if (known !== 'none') return known
      const made = fresh()
      putSecret.run(sealer.seal(made, secretPlace))
      return made
    },
    locked: () => all.all().filter((row) => openFacts(row) === null).length,
    giveUpLocked() {
      for (const row of all.all()) if (openFacts(row) === null) remove.run(row.id)
      if (openSecret() === 'locked') removeSecret.run()
    },
    refusals: (profile) => refusals.get(profile)?.refused ?? 0,
    putRefusals: (profile, count) => void putRefusals.run(profile, count),
  }
}
