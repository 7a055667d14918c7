/** What sessions see now, under names that stay theirs. */
import type { Log } from '../../log.ts'
import type { ItemRef, SessionPolicy } from '../contract/parts.ts'
import type { Tools } from '../upstreams/tools.ts'
import { reachesServer, type Reach } from './reach.ts'
import type { NamesStore } from './names-store.ts'
import { ShownNames } from './shown-names.ts'
import { buildView, type DedicatedTools, type View, type ViewSource } from './view.ts'

export interface ViewsOptions {
  /** The servers that sessions see. */
  servers: ViewSource & { tools: Pick<Tools, 'noteHeldCall'> }
  names: NamesStore
  /** The tools of a group; of one that is gone, none. */
  groupTools(id: string): readonly ItemRef[]
  log: Log
}

export type ViewedSession = Reach & { id: string }

export class Views {
  readonly #options: ViewsOptions

  constructor(options: ViewsOptions) {
    this.#options = options
  }

  /** What a client of the session sees. It may remember the names: they are kept. */
  of(session: ViewedSession, dedicatedTools?: DedicatedTools): View {
    const { servers, groupTools } = this.#options
    const names = this.namesOf(session)
    const view = buildView(servers, { ...session, names, groupTools }, dedicatedTools)
    this.keep(session.id, names)
    return view
  }

  /** The same for who only looks. */
  peek(session: ViewedSession): View {
    const { servers, groupTools } = this.#options
    return buildView(servers, { ...session, names: this.namesOf(session), groupTools })
  }

  /** Why there is no tool of a name, in words; a call of one that is held back is counted. */
  missing({ held }: Pick<View, 'held'>, name: string): string {
    const found = held.get(name)
    if (found === undefined) return `Unknown tool: ${name}`
    this.#options.servers.tools.noteHeldCall(found.upstream.definition.id, found.tool.name)
    return `The tool ${name} is held back: its definition has changed, and nobody has agreed to that yet`
  }

  /** Names of all that is offered, whatever the session is allowed of it; of a session that is yet to be made when it has no id. */
  namesFor(session: { id: string | null; policy: Pick<SessionPolicy, 'upstreams'>; rules: Reach['rules'] }): ShownNames {
    const names = this.namesOf({ ...session, policy: { ...session.policy, renames: [] } })
    for (const { definition, catalogue } of this.#options.servers.all()) {
      if (!reachesServer(session, definition)) continue
      for (const { name } of catalogue.tools) names.nameOf('tool', definition, name)
      for (const { name } of catalogue.prompts) if (name !== undefined) names.nameOf('prompt', definition, name)
    }
    return names
  }

  namesOf({
    id,
    policy,
    rules,
  }: {
    id: string | null
    policy: Pick<SessionPolicy, 'upstreams' | 'renames'>
    rules: Reach['rules']
  }): ShownNames {
    const { servers, names } = this.#options
    const all = servers.all().map(({ definition }) => definition)
    const known = new Set(all.map((definition) => definition.id))
    return new ShownNames({
      kept: id === null ? [] : names.find(id),
      renames: policy.renames,
      reached: all.filter((definition) => reachesServer({ policy, rules }, definition)),
      exists: (upstream) => known.has(upstream),
    })
  }

  /** A session made like another one knows things by the same names. */
  copyNames(from: string, to: string): void {
    this.#options.names.put(to, this.#options.names.find(from))
  }

  keep(id: string, names: ShownNames): void {
    if (!names.isChanged) return
    try {
      this.#options.names.put(id, names.toJSON())
    } catch (error) {
      // A disk that refuses costs nobody an answer: until it takes them, the same names are made again.
      this.#options.log.error({ error, session: id }, 'names of a session could not be kept')
    }
  }
}
