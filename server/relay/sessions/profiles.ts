/** Profiles: what sessions may reach, kept under a name to make more of their kind, here or elsewhere. */
import { z } from 'zod'
import { iso, type Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import { randomBase62 } from '../../secrets/random.ts'
import type { ProfileFile, SessionProfile } from '../contract/native-profiles.ts'
import type { SessionPolicy } from '../contract/parts.ts'
import type { relayEvents } from '../events.ts'
import { RelayFault } from '../fault.ts'
import type { Groups } from './groups.ts'
import type { ProfileStore, StoredProfile } from './profiles-store.ts'
import { fileOf, readFile, type Here } from './profile-file.ts'

export interface ProfilesOptions {
  store: ProfileStore
  groups: Groups
  servers(): Here['servers']
  clock: Clock
  events: Announcer<typeof relayEvents>
  changed(): void
}

export class Profiles {
  readonly #options: ProfilesOptions

  constructor(options: ProfilesOptions) {
    this.#options = options
  }

  list(): SessionProfile[] {
    return this.#options.store.all().map(shown)
  }

  /** Throws `profile-not-found`. */
  get(id: string): StoredProfile {
    const profile = this.#options.store.all().find((each) => each.id === id)
    if (profile === undefined) throw new RelayFault('profile-not-found', 'There is no such profile', { id })
    return profile
  }

  /** Throws `name-taken`. */
  create(name: string, policy: SessionPolicy, actor: string): SessionProfile {
    const now = this.#options.clock.now()
    return this.#put({ id: `profile_${randomBase62(12)}`, name, policy, createdAt: now, changedAt: now }, actor)
  }

  /** Throws `profile-not-found`, `name-taken`. */
  change(id: string, { name, policy }: { name?: string | undefined; policy?: SessionPolicy | undefined }, actor: string): SessionProfile {
    const before = this.get(id)
    const changedAt = this.#options.clock.now()
    return this.#put({ ...before, name: name ?? before.name, policy: policy ?? before.policy, changedAt }, actor)
  }

  /** Throws `profile-not-found`. */
  remove(id: string, actor: string): void {
    const { name } = this.get(id)
    this.#options.store.remove(id)
    this.#announce(id, name, actor)
  }

  /** Throws `profile-not-found`. */
  export(id: string): ProfileFile {
    const { name, policy } = this.get(id)
    return this.fileOf(name, policy)
  }

  fileOf(name: string, policy: SessionPolicy): ProfileFile {
    return fileOf(name, policy, this.#here())
  }

  /** Throws `name-taken`, `config-invalid`. */
  import(file: ProfileFile, name: string, actor: string): { profile: SessionProfile; unmatched: string[] } {
    const { groups } = this.#options
    this.#refuseTaken(name, null)
    const read = this.read(file)
    for (const group of read.groups) groups.create(group.name, group.tools, actor)
    const policy = read.withGroups((group) => groups.byName(group)?.id ?? '')
    return { profile: this.create(name, policy, actor), unmatched: read.unmatched }
  }

  /** What a file says here; nothing is kept of it. Throws `config-invalid`. */
  read(file: ProfileFile): ReturnType<typeof readFile> {
    try {
      return readFile(file, this.#here())
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error
      const words = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
      throw new RelayFault('config-invalid', `This is not a profile: ${words}`, {}, { cause: error })
    }
  }

  #here(): Here {
    const { groups, servers } = this.#options
    return { servers: servers(), groups: groups.list() }
  }

  #put(profile: StoredProfile, actor: string): SessionProfile {
    this.#refuseTaken(profile.name, profile.id)
    this.#options.store.put(profile)
    this.#announce(profile.id, profile.name, actor)
    return shown(profile)
  }

  #refuseTaken(name: string, id: string | null): void {
    const holder = this.#options.store.all().find((profile) => profile.name.toLowerCase() === name.toLowerCase())
    if (holder !== undefined && holder.id !== id) throw new RelayFault('name-taken', 'Another profile has this name', { field: 'name' })
  }

  #announce(id: string, name: string, actor: string): void {
    this.#options.events.emit({ type: 'session-profile-changed', subject: name, actor, data: { profile: id } })
    this.#options.changed()
  }
}

function shown({ createdAt, changedAt, ...profile }: StoredProfile): SessionProfile {
  return { ...profile, createdAt: iso(createdAt), changedAt: iso(changedAt) }
}
