/**
 * The prompts, resources and templates of servers, with what a person decided of each. Nobody has looked at most of them: they are on. One
 * that a person has switched is held back when it is described in another way than then.
 */
import type { ItemKind } from '../contract/native-offered.ts'
import type { Catalogue, Offered } from './catalogue.ts'
import type { UpstreamDefinition } from './definition.ts'
import { differOnlyInTexts, hashOf } from './definitions.ts'
import type { ItemsStore, StoredItem } from './items-store.ts'

export type ItemState = 'on' | 'off' | 'held'
type Server = Pick<UpstreamDefinition, 'id' | 'options'>

export interface OfferedItem {
  kind: ItemKind
  name: string
  offered: Offered
}

export class Items {
  readonly #store: ItemsStore
  readonly #byUpstream = new Map<string, Map<string, StoredItem>>()

  constructor(store: ItemsStore) {
    this.#store = store
  }

  /** Reads what is kept of a server's items. */
  load(upstreamId: string): void {
    this.#byUpstream.set(upstreamId, new Map(this.#store.items(upstreamId).map((item) => [keyOf(item.kind, item.name), item])))
  }

  forget(upstreamId: string): void {
    this.#byUpstream.delete(upstreamId)
  }

  find(upstreamId: string, kind: ItemKind, name: string): StoredItem | undefined {
    return this.#byUpstream.get(upstreamId)?.get(keyOf(kind, name))
  }

  stateOf({ id, options }: Server, { kind, name, offered }: OfferedItem): ItemState {
    const item = this.find(id, kind, name)
    if (item === undefined) return 'on'
    if (!item.enabled) return 'off'
    if (item.agreed === null || hashOf(item.agreed) === hashOf(offered)) return 'on'
    return options.trustTexts && differOnlyInTexts(item.agreed, offered) ? 'on' : 'held'
  }

  /** A person has looked at them as they are described now. */
  change({ id }: Server, items: readonly OfferedItem[], enabled: boolean | undefined): void {
    const known = this.#byUpstream.get(id)
    if (known === undefined || items.length === 0) return
    const changed = items.map(({ kind, name, offered }): StoredItem => {
      const on = enabled ?? known.get(keyOf(kind, name))?.enabled ?? true
      return { kind, name, enabled: on, agreed: offered }
    })
    this.#store.putItems(id, changed)
    for (const item of changed) known.set(keyOf(item.kind, item.name), item)
  }
}

/** All that a server offers beside its tools. */
export function itemsOf({ prompts, resources, resourceTemplates }: Catalogue): OfferedItem[] {
  const named = (kind: ItemKind, all: readonly Offered[], nameOf: (offered: Offered) => string | undefined): OfferedItem[] =>
    all.flatMap((offered) => {
      const name = nameOf(offered)
      return name === undefined ? [] : [{ kind, name, offered }]
    })
  return [
    ...named('prompt', prompts, ({ name }) => name),
    ...named('resource', resources, ({ uri }) => uri),
    ...named('template', resourceTemplates, ({ uriTemplate }) => uriTemplate),
  ]
}

function keyOf(kind: ItemKind, name: string): string {
  return `${kind} ${name}`
}
