/** What an MCP server offers: read in whole, kept while the server is away, read anew when it says so. */
import type { ServerCapabilities } from '@modelcontextprotocol/client'
import { createSerialQueue } from '../../async/serial-queue.ts'
import type { UpstreamConnection } from './connection.ts'
import type { ToolDefinition } from './store.ts'

export interface Catalogue {
  readonly tools: readonly ToolDefinition[]
  readonly resources: readonly Offered[]
  readonly resourceTemplates: readonly Offered[]
  readonly prompts: readonly Offered[]
}
export type CataloguePart = keyof Catalogue

/** Anything that is listed by name or address; the rest passes through. */
export interface Offered {
  name?: string
  uri?: string
  uriTemplate?: string
  [more: string]: unknown
}

export const allParts: ReadonlySet<CataloguePart> = new Set(['tools', 'resources', 'resourceTemplates', 'prompts'])

const listTimeout = 10_000
/** A server whose pages never end is cut here. */
const maxPages = 64

const lists = {
  tools: { method: 'tools/list', field: 'tools', capability: 'tools' },
  resources: { method: 'resources/list', field: 'resources', capability: 'resources' },
  resourceTemplates: { method: 'resources/templates/list', field: 'resourceTemplates', capability: 'resources' },
  prompts: { method: 'prompts/list', field: 'prompts', capability: 'prompts' },
} as const

/** The parts of a catalogue that a server announces to have changed; undefined when it announces something else. */
export function changedParts(method: string): ReadonlySet<CataloguePart> | undefined {
  if (method === 'notifications/tools/list_changed') return new Set(['tools'])
  if (method === 'notifications/prompts/list_changed') return new Set(['prompts'])
  if (method === 'notifications/resources/list_changed') return new Set(['resources', 'resourceTemplates'])
  return undefined
}

/** Lists the server does not have are empty; one that fails makes the whole reading fail, except the optional templates. */
export async function readCatalogue(connection: UpstreamConnection, parts: ReadonlySet<CataloguePart>): Promise<Partial<Catalogue>> {
  const read = await Promise.all(
    [...parts].map(async (part) => {
      const { method, field, capability } = lists[part]
      if (connection.capabilities[capability] === undefined) return [part, []] as const
      try {
        return [part, await readPages(connection, method, field)] as const
      } catch (error) {
        if (part === 'resourceTemplates') return [part, []] as const
        throw error
      }
    }),
  )
  // Each list holds what its field's name says; servers are not checked for more than being lists of objects.
  return Object.fromEntries(read) as Partial<Catalogue>
}

async function readPages(connection: UpstreamConnection, method: string, field: string): Promise<Offered[]> {
  const items: Offered[] = []
  let cursor: string | undefined
  for (let page = 0; page < maxPages; page += 1) {
    const result = await connection.request({ method, params: cursor === undefined ? {} : { cursor } }, { timeout: listTimeout })
    const listed = result[field]
    if (!Array.isArray(listed)) throw new TypeError(`${method} was answered without ${field}`)
    items.push(...listed.filter((item): item is Offered => typeof item === 'object' && item !== null))
    if (typeof result['nextCursor'] !== 'string' || result['nextCursor'] === '') break
    cursor = result['nextCursor']
  }
  return items
}

export interface OfferParts {
  isCurrent(connection: UpstreamConnection): boolean
  onChange(parts: ReadonlySet<CataloguePart>): void
  note(text: string): void
}

/** What one server offers now, as far as it has said. */
export class Offer {
  readonly #parts: OfferParts
  #catalogue: Catalogue = { tools: [], resources: [], resourceTemplates: [], prompts: [] }
  #capabilities: ServerCapabilities = {}
  #instructions: string | undefined
  /** Readings follow each other, so that an older answer never replaces a newer one. */
  readonly #readings = createSerialQueue()

  constructor(parts: OfferParts) {
    this.#parts = parts
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

  /** What a server offered before its settings changed stays known until it answers again. */
  inherit({ catalogue }: Offer): void {
    this.#catalogue = catalogue
  }

  /** All of it, over a connection that is new. */
  readAll(connection: UpstreamConnection): Promise<void> {
    this.#capabilities = connection.capabilities
    this.#instructions = connection.instructions
    return this.read(connection, allParts)
  }

  /** Never fails: what could not be read stays as it was, since a slow list must not take a server's tools away. */
  read(connection: UpstreamConnection, parts: ReadonlySet<CataloguePart>): Promise<void> {
    return this.#readings.run(async () => {
      try {
        const read = await readCatalogue(connection, parts)
        if (!this.#parts.isCurrent(connection)) return
        this.#catalogue = { ...this.#catalogue, ...read }
        this.#parts.onChange(parts)
      } catch (error) {
        this.#parts.note(`reading what it offers failed: ${String(error)}`)
      }
    })
  }
}
