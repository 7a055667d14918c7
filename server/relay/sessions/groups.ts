/** Groups of tools that sessions may take: a change of one is seen at once by all sessions that take it. */
import { iso, type Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import { randomBase62 } from '../../secrets/random.ts'
import type { ToolGroup } from '../contract/native-profiles.ts'
import type { ItemRef } from '../contract/parts.ts'
import type { relayEvents } from '../events.ts'
import { RelayFault } from '../fault.ts'
import type { GroupStore, StoredGroup } from './groups-store.ts'

export interface GroupsOptions {
  store: GroupStore
  clock: Clock
  events: Announcer<typeof relayEvents>
  /** The rows of sessions that take a group. */
  sessionsOf(group: string): readonly string[]
  /** A session reaches something else now. */
  announce(session: string): void
  changed(): void
}

export class Groups {
  readonly #options: GroupsOptions
  #known: Map<string, StoredGroup> | undefined

  constructor(options: GroupsOptions) {
    this.#options = options
  }

  /** Its tools; of one that is gone, none. */
  toolsOf(id: string): readonly ItemRef[] {
    return this.#all().get(id)?.tools ?? []
  }

  list(): ToolGroup[] {
    return [...this.#all().values()].map((group) => this.#shown(group)).sort((a, b) => a.name.localeCompare(b.name))
  }

  /** Throws `name-taken`. */
  create(name: string, tools: readonly ItemRef[], actor: string): ToolGroup {
    return this.#put({ id: `group_${randomBase62(12)}`, name, tools: [...tools], createdAt: this.#options.clock.now() }, actor)
  }

  /** Throws `group-not-found`, `name-taken`. */
  change(id: string, { name, tools }: { name?: string | undefined; tools?: readonly ItemRef[] | undefined }, actor: string): ToolGroup {
    const before = this.get(id)
    return this.#put({ ...before, name: name ?? before.name, tools: [...(tools ?? before.tools)] }, actor)
  }

  /** Throws `group-not-found`. */
  remove(id: string, actor: string): void {
    const { name } = this.get(id)
    this.#options.store.remove(id)
    this.#all().delete(id)
    this.#announce(id, name, actor)
  }

  /** Throws `group-not-found`. */
  get(id: string): StoredGroup {
    const group = this.#all().get(id)
    if (group === undefined) throw new RelayFault('group-not-found', 'There is no such group', { id })
    return group
  }

  byName(name: string): StoredGroup | undefined {
    return [...this.#all().values()].find((group) => group.name.toLowerCase() === name.toLowerCase())
  }

  #put(group: StoredGroup, actor: string): ToolGroup {
    const holder = this.byName(group.name)
    if (holder !== undefined && holder.id !== group.id) throw new RelayFault('name-taken', 'Another group has this name', { field: 'name' })
    this.#options.store.put(group)
    this.#all().set(group.id, group)
    this.#announce(group.id, group.name, actor)
    return this.#shown(group)
  }

  #announce(id: string, name: string, actor: string): void {
    const { events, sessionsOf, announce, changed } = this.#options
    events.emit({ type: 'tool-group-changed', subject: name, actor, data: { group: id } })
    for (const session of sessionsOf(id)) announce(session)
    changed()
  }

  #shown({ createdAt, ...group }: StoredGroup): ToolGroup {
    return { ...group, createdAt: iso(createdAt), sessions: this.#options.sessionsOf(group.id).length }
  }

  #all(): Map<string, StoredGroup> {
    this.#known ??= new Map(this.#options.store.all().map((group) => [group.id, group]))
    return this.#known
  }
}
