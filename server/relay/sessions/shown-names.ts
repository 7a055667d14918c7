/**
 * The names under which one session knows the tools and prompts of its servers. Each is made once and kept: a server that comes later, or
 * is renamed, changes none of them. A new name a person gave comes before all others.
 */
import { z } from 'zod'
import type { Alias } from '../contract/parts.ts'
import { freeName, modelName } from './model-names.ts'

export type NamedKind = Alias['kind']

/** What of a server its names are made of. */
export interface NamedServer {
  id: string
  name: string
}

const pairs = z.array(z.tuple([z.string(), z.string()]))
/** Lists of pairs: a tool may be called what an object of JavaScript takes for something else. */
export const keptNames = z.array(z.object({ upstream: z.string(), prefix: z.string(), tools: pairs, prompts: pairs }))
export type KeptNames = z.output<typeof keptNames>

interface OfServer {
  /** Before the names of its tools and prompts; empty where it was the only server when the session first saw it. */
  prefix: string
  names: Record<NamedKind, Map<string, string>>
}

export interface ShownNamesGiven {
  kept: KeptNames
  renames: readonly Alias[]
  /** The servers that the session reaches now. */
  reached: readonly NamedServer[]
  /** Whether a server still exists: the names of one that was removed are free again. */
  exists(upstream: string): boolean
}

export class ShownNames {
  readonly #byServer = new Map<string, OfServer>()
  readonly #taken: Record<NamedKind, Set<string>> = { tool: new Set(), prompt: new Set() }
  readonly #aliases = new Map<string, string>()
  readonly #isAlone: boolean
  #isChanged = false

  constructor({ kept, renames, reached, exists }: ShownNamesGiven) {
    this.#isAlone = reached.length === 1
    for (const { kind, upstream, name, as } of renames) {
      this.#aliases.set(keyOf(kind, upstream, name), as)
      this.#taken[kind].add(as)
    }
    for (const { upstream, prefix, tools, prompts } of kept) {
      if (!exists(upstream)) continue
      const names = { tool: new Map<string, string>(), prompt: new Map<string, string>() }
      this.#byServer.set(upstream, { prefix, names })
      for (const [own, shown] of tools) this.#keep('tool', names, own, shown)
      for (const [own, shown] of prompts) this.#keep('prompt', names, own, shown)
    }
    for (const server of reached) this.#of(server)
  }

  /** Whether names were made that are not kept yet. */
  get isChanged(): boolean {
    return this.#isChanged
  }

  nameOf(kind: NamedKind, server: NamedServer, own: string): string {
    const { prefix, names } = this.#of(server)
    const alias = this.#aliases.get(keyOf(kind, server.id, own))
    if (alias !== undefined) return alias
    const known = names[kind].get(own)
    if (known !== undefined) return known
    const taken = this.#taken[kind]
    const plain = modelName(prefix, own)
    const shown = freeName(taken, prefix === '' && taken.has(plain) ? modelName(server.name, own) : plain)
    taken.add(shown)
    names[kind].set(own, shown)
    this.#isChanged = true
    return shown
  }

  /** What has a name here, or would have it: one, as a rule. Without a person's new names, which are given to names as they were. */
  find(kind: NamedKind, shown: string): { upstream: string; name: string }[] {
    const known = this.holderOf(kind, shown)
    if (known !== undefined) return [known]
    // Not offered yet: the server whose names begin like this has it when it comes.
    return [...this.#byServer].flatMap(([upstream, { prefix }]) => {
      if (prefix === '') return [{ upstream, name: shown }]
      const head = [prefix, modelName('', prefix)].map((each) => `${each}__`).find((each) => shown.startsWith(each))
      return head === undefined ? [] : [{ upstream, name: shown.slice(head.length) }]
    })
  }

  /** What the session has shown under a name until now. */
  holderOf(kind: NamedKind, shown: string): { upstream: string; name: string } | undefined {
    for (const [upstream, { names }] of this.#byServer)
      for (const [own, name] of names[kind]) if (name === shown) return { upstream, name: own }
    return undefined
  }

  toJSON(): KeptNames {
    return [...this.#byServer].map(([upstream, { prefix, names }]) => ({
      ...{ upstream, prefix },
      tools: [...names.tool],
      prompts: [...names.prompt],
    }))
  }

  #keep(kind: NamedKind, names: OfServer['names'], own: string, shown: string): void {
    // A person has given this name to another since.
    if (this.#taken[kind].has(shown)) return
    this.#taken[kind].add(shown)
    names[kind].set(own, shown)
  }

  #of(server: NamedServer): OfServer {
    const known = this.#byServer.get(server.id)
    if (known !== undefined) return known
    // With one server names stay as they are: a client set up for that server alone works unchanged.
    const made = { prefix: this.#isAlone ? '' : server.name, names: { tool: new Map<string, string>(), prompt: new Map<string, string>() } }
    this.#byServer.set(server.id, made)
    this.#isChanged = true
    return made
  }
}

function keyOf(kind: NamedKind, upstream: string, name: string): string {
  return `${kind} ${upstream} ${name}`
}
