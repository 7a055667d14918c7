/**
 * The tools that servers offer, with what a person decided of each: whether it is on, what it costs, and which definition of it was agreed
 * to.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import { RelayFault } from '../fault.ts'
import type { relayEvents } from '../events.ts'
import { builtInId, type UpstreamDefinition } from './definition.ts'
import type { StoredTool, ToolDefinition, UpstreamStore } from './store.ts'

export interface ToolPatch {
  enabled?: boolean | undefined
  price?: number | undefined
  /** Agrees to the definition there is now. */
  approve?: boolean | undefined
}

export interface ToolsOptions {
  store: Pick<UpstreamStore, 'tools' | 'putTools'>
  clock: Clock
  events: Announcer<typeof relayEvents>
}

type Named = Pick<UpstreamDefinition, 'id' | 'name'>

export class Tools {
  readonly #options: ToolsOptions
  readonly #byUpstream = new Map<string, Map<string, StoredTool>>()

  constructor(options: ToolsOptions) {
    this.#options = options
  }

  /** Reads what is kept of a server's tools. */
  load(upstreamId: string): void {
    this.#byUpstream.set(upstreamId, new Map(this.#options.store.tools(upstreamId).map((tool) => [tool.name, tool])))
  }

  forget(upstreamId: string): void {
    this.#byUpstream.delete(upstreamId)
  }

  find(upstreamId: string, name: string): StoredTool | undefined {
    return this.#byUpstream.get(upstreamId)?.get(name)
  }

  /** Those of a server that were ever seen and are still offered. */
  offered({ definition, catalogue }: { definition: Named; catalogue: { tools: readonly ToolDefinition[] } }): StoredTool[] {
    return catalogue.tools.flatMap(({ name }) => this.find(definition.id, name) ?? [])
  }

  /** Notes new tools as agreed to, since the server was added by a person, and changed ones as not yet. */
  learn({ id, name: server }: Named, offered: readonly ToolDefinition[]): void {
    const { store, clock, events } = this.#options
    const known = this.#byUpstream.get(id)
    if (known === undefined) return
    const changed: StoredTool[] = []
    for (const definition of offered) {
      const hash = hashOf(definition)
      const before = known.get(definition.name)
      if (before?.hash === hash) continue
      const now = { definition, hash, changedAt: clock.now() }
      const tool: StoredTool =
        before === undefined ? { ...now, name: definition.name, approvedHash: hash, enabled: true, price: 0 } : { ...before, ...now }
      // What is built in changes with the program a person installed.
      if (id === builtInId) tool.approvedHash = hash
      changed.push(tool)
      known.set(tool.name, tool)
      if (isQuarantined(tool)) events.emit({ type: 'tool-quarantined', subject: `${server}: ${tool.name}`, data: { upstream: server } })
    }
    if (changed.length > 0) store.putTools(id, changed)
  }

  /** Switches a tool, prices it, or agrees to its changed definition. Throws `tool-not-found`. */
  change({ id, name: server }: Named, name: string, { enabled, price, approve = false }: ToolPatch, actor: string): StoredTool {
    const known = this.#byUpstream.get(id)
    const before = known?.get(name)
    if (known === undefined || before === undefined) throw new RelayFault('tool-not-found', 'There is no such tool', { name })
    const tool: StoredTool = {
      ...before,
      enabled: enabled ?? before.enabled,
      price: price ?? before.price,
      approvedHash: approve ? before.hash : before.approvedHash,
    }
    this.#options.store.putTools(id, [tool])
    known.set(name, tool)
    this.#options.events.emit({
      type: 'tool-changed',
      subject: `${server}: ${name}`,
      actor,
      data: { enabled: tool.enabled, price: tool.price, accepted: approve },
    })
    return tool
  }
}

/** Held back until a person has agreed to its definition of now. */
export function isQuarantined({ hash, approvedHash }: StoredTool): boolean {
  return hash !== approvedHash
}

/** The same for the same definition, in whatever order the server writes its fields. */
function hashOf(definition: ToolDefinition): string {
  return createHash('sha256').update(JSON.stringify(definition, sortedKeys)).digest('base64url')
}

function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
