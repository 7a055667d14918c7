/** Tool search of sessions: for their agents over what they may call, for a person over all that their servers have. */
import type { View, ToolEntry } from '../sessions/view.ts'
import type { Tools } from '../upstreams/tools.ts'
import type { Findable, ToolIndex } from './tool-index.ts'

export interface Hit {
  entry: ToolEntry
  score: number
}

export interface Searched {
  hits: readonly Hit[]
  /** Tools that were looked through. */
  of: number
  /** Milliseconds. */
  took: number
}

export class ToolSearch {
  readonly #tools: Pick<Tools, 'find'>
  #index: Promise<ToolIndex> | undefined
  readonly #prepared = new WeakMap<View, Map<string, ToolEntry>>()
  readonly #findable = new WeakMap<ToolEntry, Findable>()

  constructor(tools: Pick<Tools, 'find'>) {
    this.#tools = tools
  }

  /** What the session may call. */
  find(view: View, question: string, limit: number): Promise<Searched> {
    let entries = this.#prepared.get(view)
    if (entries === undefined) {
      entries = new Map([...view.tools.values()].map((entry) => [this.#findableOf(entry).key, entry]))
      this.#prepared.set(view, entries)
    }
    return this.#search(entries, question, limit)
  }

  /** The same with what is off or held back, which nobody can call. */
  findAll(view: View, question: string, limit: number): Promise<Searched> {
    const all = [...view.tools.values(), ...this.offOf(view)]
    return this.#search(new Map(all.map((entry) => [this.#findableOf(entry).key, entry])), question, limit)
  }

  /** Tools of the session’s servers that it does not reach, by their own names. */
  offOf({ tools, upstreams }: View): ToolEntry[] {
    const reached = new Set([...tools.values()].map(({ upstream, tool }) => `${upstream.definition.id} ${tool.name}`))
    return upstreams.flatMap((upstream) =>
      upstream.catalogue.tools.flatMap((listed) => {
        const tool = this.#tools.find(upstream.definition.id, listed.name)
        if (tool === undefined || reached.has(`${upstream.definition.id} ${tool.name}`)) return []
        return [{ name: tool.name, upstream, tool, listed }]
      }),
    )
  }

  async #search(entries: ReadonlyMap<string, ToolEntry>, question: string, limit: number): Promise<Searched> {
    const index = await this.#loaded()
    const begun = performance.now()
    index.learn([...entries.values()].map((entry) => this.#findableOf(entry)))
    const hits = index.search(question, new Set(entries.keys()), limit).flatMap(({ key, score }) => {
      const entry = entries.get(key)
      return entry === undefined ? [] : [{ entry, score }]
    })
    return { hits, of: entries.size, took: performance.now() - begun }
  }

  /** Loaded with the first search. */
  #loaded(): Promise<ToolIndex> {
    this.#index ??= import('./tool-index.ts').then(({ ToolIndex }) => new ToolIndex())
    return this.#index
  }

  #findableOf(entry: ToolEntry): Findable {
    const known = this.#findable.get(entry)
    if (known !== undefined) return known
    const made = findableOf(entry)
    this.#findable.set(entry, made)
    return made
  }
}

function findableOf({ name, upstream, tool, listed }: ToolEntry): Findable {
  const { description = '', annotations } = listed
  const own = tool.definition.description ?? ''
  return {
    // What a person wrote over it for one session makes it another.
    key: [upstream.definition.id, upstream.definition.name, tool.hash, name, description === own ? '' : description].join('\n'),
    name: name.includes(tool.name) ? tool.name : `${name} ${tool.name}`,
    server: upstream.definition.name,
    title: textOf(listed['title'] ?? annotations?.title),
    description: textOf(description),
    args: Object.entries(argumentsOf(listed))
      .map(([argument, { description: of }]) => `${argument} ${textOf(of)}`)
      .join(' '),
  }
}

/** A tool's arguments in one line, as `container: string, reason?: string`. */
export function argumentLine(listed: ToolEntry['listed']): string {
  const schema = listed['inputSchema']
  const required = isObject(schema) && Array.isArray(schema['required']) ? new Set<unknown>(schema['required']) : new Set()
  return Object.entries(argumentsOf(listed))
    .map(([name, { type }]) => `${name}${required.has(name) ? '' : '?'}: ${typeof type === 'string' ? type : 'any'}`)
    .join(', ')
}

function argumentsOf(listed: ToolEntry['listed']): Record<string, Record<string, unknown>> {
  const schema = listed['inputSchema']
  const properties = isObject(schema) ? schema['properties'] : undefined
  if (!isObject(properties)) return {}
  return Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, isObject(of) ? of : {}]))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
