/** What a person does with HTTP APIs as servers: looks at one, adds it, chooses its operations, reads its description anew. */
import { iso, type Clock } from '../../clock.ts'
import { createEgressFetch } from '../../http/egress-fetch.ts'
import { originsOf, type Egress } from '../../http/egress.ts'
import type { ApiDescription, ApiServer } from '../contract/openapi.ts'
import type { UpstreamView } from '../contract/upstream.ts'
import { RelayFault } from '../fault.ts'
import type { UpstreamAdmin } from '../upstreams/admin.ts'
import { invalid, maxDocument } from './document.ts'
import type { ApiPlan } from './operations.ts'
import { planFrom } from './read-plan.ts'
import { storedApi, type ApiStore, type StoredApi } from './store.ts'

/** A description as text, or where it is. */
export interface GivenDescription {
  document?: string | undefined
  source?: string | undefined
}

export interface NewApi extends GivenDescription {
  name: string
  url?: string | undefined
  headers?: Record<string, string> | undefined
  chosen?: string[] | null | undefined
  enabled?: boolean | undefined
}

export interface ApiAdminOptions {
  store: ApiStore
  upstreamAdmin: UpstreamAdmin
  egress: Egress
  clock: Clock
}

const fetchTimeout = 30_000

export class ApiAdmin {
  readonly #options: ApiAdminOptions

  constructor(options: ApiAdminOptions) {
    this.#options = options
  }

  /** Throws `openapi-invalid`, `openapi-unreachable`. */
  async preview(given: GivenDescription): Promise<ApiDescription> {
    return shown((await this.#read(given)).plan)
  }

  /** Throws `openapi-invalid`, `openapi-unreachable`, `upstream-taken`. */
  async add({ name, url, headers, chosen = null, enabled, ...given }: NewApi, actor: string): Promise<UpstreamView> {
    const { store, upstreamAdmin } = this.#options
    const api = { ...(await this.#read(given)), chosen }
    refuseUnknown(api)
    const base = url ?? api.plan.servers.find((server) => /^https?:/.test(server))
    if (base === undefined) throw invalid('It does not say where the API is served; give its `url`')
    return upstreamAdmin.create({ name, transport: 'openapi', url: base, headers, enabled }, actor, (id) => store.put(id, api))
  }

  /** Throws `upstream-not-found`. */
  find(id: string): ApiServer {
    return viewOf(this.#stored(id))
  }

  /**
   * The server is started anew with what changed. Throws `upstream-not-found`, `openapi-invalid`, `openapi-unreachable`, `openapi-file`.
   */
  async change(
    id: string,
    { chosen, refresh, ...given }: GivenDescription & { chosen?: string[] | null | undefined; refresh?: true | undefined },
    actor: string,
  ): Promise<ApiServer> {
    const { store, upstreamAdmin } = this.#options
    const before = this.#stored(id)
    if (refresh === true && before.source === null)
      throw new RelayFault('openapi-file', 'The description of this API was given as a file, so there is no address to fetch it from')
    const wanted = refresh === true ? { source: before.source ?? '' } : given
    const read = wanted.document === undefined && wanted.source === undefined ? {} : await this.#read(wanted)
    // Reading takes its time: what was changed meanwhile stands, and where that is the description, it is newer than what was read.
    const now = this.#stored(id)
    const isOutdated = refresh === true && now.source !== before.source
    const api = { ...now, ...(isOutdated ? {} : read), ...(chosen === undefined ? {} : { chosen }) }
    if (chosen !== undefined) refuseUnknown(api)
    await upstreamAdmin.reconnect(id, actor, () => store.put(id, api))
    return viewOf(api)
  }

  #stored(id: string): StoredApi {
    return storedApi(this.#options.store, id)
  }

  async #read({ document, source }: GivenDescription): Promise<Omit<StoredApi, 'chosen'>> {
    const fetched = source === undefined ? null : await this.#fetch(source)
    const plan = await planFrom(fetched?.text ?? document ?? '')
    if (plan.operations.length === 0) throw invalid('It has no operations')
    const servers = plan.servers.length === 0 && fetched !== null ? ['/'] : plan.servers
    const base = fetched?.url
    plan.servers = servers.flatMap((server) => (URL.canParse(server, base) ? [new URL(server, base).href] : [server]))
    return { plan, source: source ?? null, readAt: this.#options.clock.now() }
  }

  async #fetch(source: string): Promise<{ text: string; url: string }> {
    const send = createEgressFetch(this.#options.egress, originsOf([source]))
    try {
      const answer = await send(source, {
        headers: { accept: 'application/json, application/yaml;q=0.9, */*;q=0.8' },
        signal: AbortSignal.timeout(fetchTimeout),
      })
      if (!answer.ok) throw new Error(`it is answered ${answer.status}`)
      return { text: await boundedText(answer), url: answer.url === '' ? source : answer.url }
    } catch (error) {
      if (RelayFault.is(error, 'openapi-invalid')) throw error
      throw new RelayFault(
        'openapi-unreachable',
        `The description could not be fetched: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
}

async function boundedText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  if (answer.body !== null)
    for await (const chunk of answer.body) {
      length += chunk.length
      if (length > maxDocument) throw invalid(`It has more than ${maxDocument / 1_048_576} MiB`)
      chunks.push(chunk)
    }
  return Buffer.concat(chunks).toString('utf8')
}

function refuseUnknown({ plan, chosen }: Pick<StoredApi, 'plan' | 'chosen'>): void {
  const known = new Set(plan.operations.map(({ id }) => id))
  const unknown = (chosen ?? []).filter((id) => !known.has(id))
  if (unknown.length > 0) throw invalid(`It has no operation ${unknown.slice(0, 5).join(', ')}`)
}

function shown({ title, version, servers, credentials, operations }: ApiPlan): ApiDescription {
  return {
    ...{ title, version, servers, credentials },
    operations: operations.map(({ id, name, method, summary, deprecated }) => ({
      ...{ id, name, summary, deprecated },
      readOnly: method === 'GET' || method === 'HEAD' || method === 'OPTIONS',
    })),
  }
}

function viewOf({ plan, chosen, source, readAt }: StoredApi): ApiServer {
  return { api: shown(plan), chosen, refreshable: source !== null, readAt: iso(readAt) }
}
