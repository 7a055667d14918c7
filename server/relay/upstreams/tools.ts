/**
 * The tools that servers offer, with what a person decided of each: whether it is on, what it costs, which definition of it was agreed to,
 * and what is added to it.
 */
import type { Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import { RelayFault } from '../fault.ts'
import { noHandling, type ToolHandling } from '../contract/tool-handling.ts'
import type { relayEvents } from '../events.ts'
import { builtInId, type UpstreamDefinition } from './definition.ts'
import { differOnlyInTexts, hashOf } from './definitions.ts'
import { readable } from './readable.ts'
import type { StoredTool, ToolDefinition, UpstreamStore } from './store.ts'

export interface ToolPatch {
  enabled?: boolean | undefined
  price?: number | undefined
  /** Agrees to the definition there is now. */
  approve?: boolean | undefined
  handling?: ToolHandling | undefined
}

export interface ToolsOptions {
  store: Pick<UpstreamStore, 'tools' | 'putTools' | 'putHeldCalls'>
  clock: Clock
  events: Announcer<typeof relayEvents>
  /** What goes on by itself could not be done. */
  failed(error: unknown, what: string): void
}

type Named = Pick<UpstreamDefinition, 'id' | 'name'>
type Server = Named & Pick<UpstreamDefinition, 'options'>

export class Tools {
  readonly #options: ToolsOptions
  readonly #byUpstream = new Map<string, Map<string, StoredTool>>()
  /** Names of tools, by server, of which the disk has not taken yet what is known. */
  readonly #unwritten = new Map<string, ReadonlySet<string>>()
  /** Whose count of held calls is not written yet. */
  readonly #uncounted = new Map<string, { upstream: string; name: string }>()

  constructor(options: ToolsOptions) {
    this.#options = options
  }

  /** Reads what is kept of a server's tools; with its texts trusted, those that wait for nothing but texts are agreed to. */
  load({ id, options }: Server): void {
    const unwritten = [...(this.#unwritten.get(id) ?? [])].flatMap((name) => this.find(id, name) ?? [])
    const known = new Map([...this.#options.store.tools(id), ...unwritten].map((tool) => [tool.name, tool]))
    this.#byUpstream.set(id, known)
    if (!options.trustTexts) return
    this.#learned(id, [...known.values()].filter((tool) => isQuarantined(tool) && onlyTextsChanged(tool)).map(agreedTo))
  }

  forget(upstreamId: string): void {
    this.#byUpstream.delete(upstreamId)
    this.#unwritten.delete(upstreamId)
  }

  find(upstreamId: string, name: string): StoredTool | undefined {
    return this.#byUpstream.get(upstreamId)?.get(name)
  }

  /** Those of a server that were ever seen and are still offered. */
  offered({ definition, catalogue }: { definition: Named; catalogue: { tools: readonly ToolDefinition[] } }): StoredTool[] {
    return catalogue.tools.flatMap(({ name }) => this.find(definition.id, name) ?? [])
  }

  /**
   * Notes new tools as agreed to, since the server was added by a person, and changed ones as not yet. A disk that refuses costs nobody a
   * server, and no changed tool passes for the one agreed to because of it.
   */
  learn({ id, name: server, options }: Server, offered: readonly ToolDefinition[]): void {
    const { clock, events } = this.#options
    const known = this.#byUpstream.get(id)
    if (known === undefined) return
    const changed = offered.flatMap((definition): StoredTool[] => {
      const before = known.get(definition.name)
      const hash = hashOf(definition)
      if (before?.hash === hash) return []
      const learned = before === undefined ? newTool(definition, hash, clock.now()) : redefined(before, definition, hash, clock.now())
      // What is built in changes with the program a person installed. What an older version kept as it was read is the same once mended.
      const trusted = id === builtInId || isSameMended(before, hash) || (options.trustTexts && onlyTextsChanged(learned))
      return [trusted ? agreedTo(learned) : learned]
    })
    this.#learned(id, changed)
    for (const tool of changed.filter(isQuarantined))
      events.emit({ type: 'tool-quarantined', subject: `${server}: ${tool.name}`, data: { upstream: server } })
  }

  /** Switches a tool, prices it, adds to it, or agrees to its changed definition. Throws `tool-not-found`. */
  change(server: Named, name: string, patch: ToolPatch, actor: string): StoredTool {
    const [tool] = this.changeAll(server, [name], patch, actor)
    if (tool === undefined) throw new RelayFault('tool-not-found', 'There is no such tool', { name })
    return tool
  }

  /** The same for several of a server, in one transaction; names of no tool are left out. */
  changeAll({ id, name: server }: Named, names: readonly string[], patch: ToolPatch, actor: string): StoredTool[] {
    const { enabled, price, approve = false, handling } = patch
    const known = this.#byUpstream.get(id)
    const changed = [...new Set(names)].flatMap((name): StoredTool[] => {
      const before = known?.get(name)
      if (before === undefined) return []
      const patched = {
        ...before,
        enabled: enabled ?? before.enabled,
        price: price ?? before.price,
        handling: handling ?? before.handling,
      }
      return [approve ? agreedTo(patched) : patched]
    })
    if (changed.length > 0) this.#options.store.putTools(id, changed)
    for (const tool of changed) {
      known?.set(tool.name, tool)
      this.#options.events.emit({
        type: 'tool-changed',
        subject: `${server}: ${tool.name}`,
        actor,
        data: { enabled: tool.enabled, price: tool.price, accepted: approve },
      })
    }
    return changed
  }

  /** Somebody called it while it was held back. */
  noteHeldCall(upstreamId: string, name: string): void {
    const known = this.#byUpstream.get(upstreamId)
    const tool = known?.get(name)
    if (known === undefined || tool === undefined) return
    known.set(name, { ...tool, heldCalls: tool.heldCalls + 1 })
    this.#uncounted.set(`${upstreamId} ${name}`, { upstream: upstreamId, name })
  }

  /** Writes the counts of held calls, and what the disk has refused before. */
  flush(): void {
    for (const id of this.#unwritten.keys()) this.#learned(id, [])
    if (this.#uncounted.size === 0) return
    const counts = [...this.#uncounted.values()].flatMap(({ upstream, name }) => {
      const tool = this.find(upstream, name)
      return tool === undefined ? [] : [{ upstream, name, calls: tool.heldCalls }]
    })
    this.#options.store.putHeldCalls(counts)
    this.#uncounted.clear()
  }

  /** What the disk refuses is known all the same, and written another time. */
  #learned(id: string, tools: readonly StoredTool[]): void {
    const { store, failed } = this.#options
    const known = this.#byUpstream.get(id)
    for (const tool of tools) known?.set(tool.name, tool)
    const names = new Set([...(this.#unwritten.get(id) ?? []), ...tools.map(({ name }) => name)])
    if (names.size === 0) return
    try {
      const written = [...names].flatMap((name) => known?.get(name) ?? [])
      store.putTools(id, written)
      this.#unwritten.delete(id)
    } catch (error) {
      this.#unwritten.set(id, names)
      failed(error, 'what a server offers could not be kept')
    }
  }
}

/** Held back until a person has agreed to its definition of now. */
export function isQuarantined({ hash, approvedHash }: StoredTool): boolean {
  return hash !== approvedHash
}

/** Waits for a person: one that is switched off does not. */
export function waitsForLook(tool: StoredTool): boolean {
  return tool.enabled && isQuarantined(tool)
}

/** Of one whose agreed definition is not known that cannot be said. */
export function onlyTextsChanged({ agreed, definition }: StoredTool): boolean {
  return agreed !== null && differOnlyInTexts(agreed, definition)
}

function isSameMended(before: StoredTool | undefined, hash: string): boolean {
  return before !== undefined && !isQuarantined(before) && hashOf(readable('tools', before.definition) ?? {}) === hash
}

function newTool(definition: ToolDefinition, hash: string, now: number): StoredTool {
  const { name } = definition
  const decided = { approvedHash: hash, enabled: true, price: 0, agreed: null, heldCalls: 0, handling: noHandling }
  return { name, definition, hash, changedAt: now, ...decided }
}

function redefined(before: StoredTool, definition: ToolDefinition, hash: string, now: number): StoredTool {
  const tool = { ...before, definition, hash, changedAt: now }
  // It went back to what was agreed to.
  if (hash === before.approvedHash) return agreedTo(tool)
  return isQuarantined(before) ? tool : { ...tool, agreed: before.definition, heldCalls: 0 }
}

function agreedTo(tool: StoredTool): StoredTool {
  return { ...tool, approvedHash: tool.hash, agreed: null, heldCalls: 0 }
}
