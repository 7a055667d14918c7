/** What a person decides of many things that servers offer at once, and what waits for a look because its definition changed. */
import { iso } from '../../clock.ts'
import type { DefinitionChange, ItemKind } from '../contract/native-offered.ts'
import { RelayFault } from '../fault.ts'
import { definitionChange } from './definitions.ts'
import { itemsOf, type OfferedItem } from './items.ts'
import type { StoredTool, ToolDefinition } from './store.ts'
import { onlyTextsChanged, waitsForLook } from './tools.ts'
import { differOnlyInTexts } from './definitions.ts'
import type { Upstream } from './upstream.ts'
import type { Upstreams } from './upstreams.ts'

type Kind = ItemKind | 'tool'

export interface WhichOffered {
  items?: readonly { upstream: string; kind: Kind; name: string }[] | undefined
  upstream?: string | undefined
  kind?: Kind | undefined
  text?: string | undefined
  hint?: 'changes' | 'destructive' | 'reads' | undefined
}
export interface OfferedPatch {
  enabled?: boolean | undefined
  price?: number | undefined
  approve?: boolean | undefined
}

export class OfferedAdmin {
  readonly #upstreams: Upstreams

  constructor(upstreams: Upstreams) {
    this.#upstreams = upstreams
  }

  /** Returns how many. Throws `upstream-not-found`. */
  change(which: WhichOffered, patch: OfferedPatch, actor: string): number {
    const { items, upstream: only } = which
    if (only !== undefined) this.#upstreams.get(only)
    const named = items === undefined ? null : new Set(items.map(({ upstream, kind, name }) => `${upstream} ${kind} ${name}`))
    const fits = (upstream: Upstream, kind: Kind, name: string): boolean =>
      (only === undefined || upstream.definition.id === only) &&
      (which.kind === undefined || which.kind === kind) &&
      named?.has(`${upstream.definition.id} ${kind} ${name}`) !== false
    return this.#upstreams
      .all()
      .map((upstream) => this.#changeOf(upstream, which, (kind, name) => fits(upstream, kind, name), patch, actor))
      .reduce((sum, changed) => sum + changed, 0)
  }

  /** Agrees to all that a server has held back; returns how many. Throws `upstream-not-found`. */
  agree(id: string, actor: string): number {
    const upstream = this.#upstreams.get(id)
    const tools = this.#upstreams.tools.offered(upstream).filter(waitsForLook)
    const items = this.#held(upstream)
    this.#upstreams.tools.changeAll(upstream.definition, tools.map(nameOf), { approve: true }, actor)
    this.#upstreams.items.change(upstream.definition, items, undefined)
    if (tools.length + items.length > 0) this.#upstreams.announce(upstream)
    return tools.length + items.length
  }

  /** What waits for a look, the latest first. */
  changes(): DefinitionChange[] {
    return this.#upstreams
      .all()
      .flatMap((upstream) => [
        ...this.#upstreams.tools
          .offered(upstream)
          .filter(waitsForLook)
          .map((tool) => changeOfTool(upstream, tool)),
        ...this.#held(upstream).map((item) => this.#changeOfItem(upstream, item)),
      ])
      .sort((a, b) => ((a.changedAt ?? '') < (b.changedAt ?? '') ? 1 : -1))
  }

  /** Throws `upstream-not-found`, `tool-not-found`. */
  definitions(id: string, name: string): { now: ToolDefinition; agreed: ToolDefinition | null } {
    const tool = this.#upstreams.tools.find(this.#upstreams.get(id).definition.id, name)
    if (tool === undefined) throw new RelayFault('tool-not-found', 'There is no such tool', { name })
    return { now: tool.definition, agreed: tool.hash === tool.approvedHash ? tool.definition : tool.agreed }
  }

  #changeOf(
    upstream: Upstream,
    { text, hint }: WhichOffered,
    fits: (kind: Kind, name: string) => boolean,
    { enabled, price, approve }: OfferedPatch,
    actor: string,
  ): number {
    const { definition, catalogue } = upstream
    const tools = this.#upstreams.tools
      .offered(upstream)
      .filter((tool) => fits('tool', tool.name) && contains(text, tool.name, tool.definition.description) && hasHint(tool, hint))
    const items = itemsOf(catalogue).filter(
      ({ kind, name, offered }) =>
        (enabled !== undefined || approve === true) &&
        hint === undefined &&
        fits(kind, name) &&
        contains(text, name, offered['description']),
    )
    this.#upstreams.tools.changeAll(definition, tools.map(nameOf), { enabled, price, approve }, actor)
    this.#upstreams.items.change(definition, items, enabled)
    if (tools.length + items.length > 0) this.#upstreams.announce(upstream)
    return tools.length + items.length
  }

  #held({ definition, catalogue }: Upstream): OfferedItem[] {
    return itemsOf(catalogue).filter((item) => this.#upstreams.items.stateOf(definition, item) === 'held')
  }

  #changeOfItem({ definition }: Upstream, { kind, name, offered }: OfferedItem): DefinitionChange {
    const agreed = this.#upstreams.items.find(definition.id, kind, name)?.agreed ?? null
    return {
      ...{ upstream: definition.id, server: definition.name, kind, name, changedAt: null, heldCalls: 0, known: agreed !== null },
      onlyTexts: agreed !== null && differOnlyInTexts(agreed, offered),
      lines: definitionChange(agreed, offered),
    }
  }
}

function changeOfTool({ definition }: Upstream, tool: StoredTool): DefinitionChange {
  return {
    ...{ upstream: definition.id, server: definition.name, kind: 'tool', name: tool.name, heldCalls: tool.heldCalls },
    changedAt: iso(tool.changedAt),
    known: tool.agreed !== null,
    onlyTexts: onlyTextsChanged(tool),
    lines: definitionChange(tool.agreed, tool.definition),
  }
}

function nameOf({ name }: StoredTool): string {
  return name
}

function contains(text: string | undefined, name: string, description: unknown): boolean {
  if (text === undefined) return true
  const wanted = text.toLowerCase()
  return name.toLowerCase().includes(wanted) || (typeof description === 'string' && description.toLowerCase().includes(wanted))
}

function hasHint({ definition: { annotations } }: StoredTool, hint: WhichOffered['hint']): boolean {
  const reads = annotations?.readOnlyHint === true
  if (hint === 'reads') return reads
  if (hint === 'changes') return !reads
  return hint === undefined || (annotations?.destructiveHint === true && !reads)
}
