/** What an MCP server offers: four lists, each read by itself, kept while the server is away, read anew when it says so. */
import { waitFor } from '../../async/deadline.ts'
import type { ServerCapabilities } from '@modelcontextprotocol/client'
import type { UpstreamConnection } from './connection.ts'
import { ListReading, type ListState } from './list-reading.ts'
import { listNames, type ListName, type Offered } from './read-list.ts'
import type { ToolDefinition } from './store.ts'
import { withoutTwins } from './twins.ts'

export type { Offered } from './read-list.ts'

export interface Catalogue {
  readonly tools: readonly ToolDefinition[]
  readonly resources: readonly Offered[]
  readonly resourceTemplates: readonly Offered[]
  readonly prompts: readonly Offered[]
}
export type CataloguePart = ListName

/** How much of a list is known. */
export interface ListStanding {
  state: ListState
  items: number
  /** Why it is not known whole. */
  error: string | null
}

export const allParts: ReadonlySet<CataloguePart> = new Set(listNames)

/** Ms that a server whose tools are known waits for its other lists before it counts as ready. */
const otherListsWait = 1_000

/** The parts of a catalogue that a server announces to have changed; undefined when it announces something else. */
export function changedParts(method: string): ReadonlySet<CataloguePart> | undefined {
  if (method === 'notifications/tools/list_changed') return new Set(['tools'])
  if (method === 'notifications/prompts/list_changed') return new Set(['prompts'])
  if (method === 'notifications/resources/list_changed') return new Set(['resources', 'resourceTemplates'])
  return undefined
}

export interface OfferParts {
  /** Milliseconds for a page of a list. */
  listTimeout(): number
  isCurrent(connection: UpstreamConnection): boolean
  /** Lists were read, or could not be; those that are named have new items. */
  onChange(parts: ReadonlySet<CataloguePart>): void
  note(text: string): void
}

/** What one server offers now, as far as it has said. */
export class Offer {
  readonly #parts: OfferParts
  readonly #lists: Readonly<Record<ListName, ListReading>>
  #catalogue: Catalogue = { tools: [], resources: [], resourceTemplates: [], prompts: [] }
  #capabilities: ServerCapabilities = {}
  #instructions: string | undefined
  readonly #twins = new Map<CataloguePart, readonly string[]>()
  /** While a new connection's first readings are told of together. */
  #gathered: Set<ListName> | undefined

  constructor(parts: OfferParts) {
    this.#parts = parts
    const { isCurrent, note } = parts
    const reading = (list: ListName): ListReading =>
      new ListReading({ list, timeout: () => parts.listTimeout(), isCurrent, onRead: (...read) => this.#onRead(...read), note })
    this.#lists = {
      tools: reading('tools'),
      resources: reading('resources'),
      resourceTemplates: reading('resourceTemplates'),
      prompts: reading('prompts'),
    }
  }

  get catalogue(): Catalogue {
    return this.#catalogue
  }
  get capabilities(): ServerCapabilities {
    return this.#capabilities
  }
  get instructions(): string | undefined {
    return this.#instructions
  }
  get lists(): Record<ListName, ListStanding> {
    const standing = ({ state, items, error }: ListReading): ListStanding => ({ state, items: items.length, error })
    const { tools, resources, resourceTemplates, prompts } = this.#lists
    return {
      tools: standing(tools),
      resources: standing(resources),
      resourceTemplates: standing(resourceTemplates),
      prompts: standing(prompts),
    }
  }

  /** Names and addresses that it lists more than once; the first of each counts. */
  get listedTwice(): string[] {
    return [...this.#twins.values()].flat()
  }

  /** What a server offered before its settings changed stays known until it answers again. */
  inherit(previous: Offer): void {
    for (const list of listNames) this.#lists[list].inherit(previous.#lists[list])
    this.#catalogue = previous.#catalogue
  }

  /** All of it, over a connection that is new. Resolves when its tools are known, or cannot be, and the others had a moment as well. */
  async readAll(connection: UpstreamConnection): Promise<void> {
    this.#capabilities = connection.capabilities
    this.#instructions = connection.instructions
    const gathered = (this.#gathered = new Set<ListName>())
    const tools = this.#lists.tools.read(connection)
    const all = Promise.all([tools, ...listNames.filter((list) => list !== 'tools').map((list) => this.#lists[list].read(connection))])
    await tools
    await waitFor(otherListsWait, (done) => {
      void all.then(done)
      return () => undefined
    })
    if (this.#gathered === gathered) this.#gathered = undefined
    if (this.#parts.isCurrent(connection)) this.#parts.onChange(gathered)
  }

  /** Never fails; each list that has been read is told of at once, whatever becomes of the others. */
  async read(connection: UpstreamConnection, parts: ReadonlySet<CataloguePart>): Promise<void> {
    await Promise.all([...parts].map((list) => this.#lists[list].read(connection)))
  }

  /** No more readings by itself. */
  stop(): void {
    for (const list of listNames) this.#lists[list].stop()
  }

  #onRead(list: ListName, well: boolean, changed: boolean): void {
    // A list holds what its name says; servers are not checked for more than listing objects.
    if (well) this.#catalogue = { ...this.#catalogue, [list]: this.#firstOfTwins(list) }
    if (this.#gathered === undefined) this.#parts.onChange(new Set(changed ? [list] : []))
    else if (well) this.#gathered.add(list)
  }

  #firstOfTwins(list: ListName): Offered[] {
    const { items, twins } = withoutTwins(list, this.#lists[list].items)
    const before = this.#twins.get(list)?.length ?? 0
    this.#twins.set(list, twins)
    if (twins.length > before) this.#parts.note(`it lists more than once, and the first counts: ${twins.slice(0, 20).join(', ')}`)
    return items
  }
}
