/**
 * Clients of the session era that are known beyond this process: such a client goes on with the protocol session it has after the server
 * was started again. Ids are kept as hashes, what a client said of itself is sealed, and both go with the session they came with, with the
 * client's own DELETE, or when they have not been used for a week.
 */
import type { Database } from 'better-sqlite3'
import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { hashSecret } from '../../secrets/hash.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import { createKnownClientsStore, type KnownClientsStore } from './known-clients-store.ts'

/** What a client said when it came, and what it has asked for since. */
const knownClient = z.object({
  initialize: z.record(z.string(), z.unknown()),
  logLevel: z.string().nullable(),
  watched: z.array(z.string()),
})
export type KnownClient = z.output<typeof knownClient>

const keepFor = 7 * 86_400_000
/** Of one session; the one that was used longest ago goes first. */
const keepAtMost = 100
/** Characters of what a client says of itself; one that says more is not known after a restart. */
const longest = 65_536

export interface KnownClientsOptions {
  database: Database
  sealer: Sealer
  clock: Clock
}

export class KnownClients {
  readonly #options: KnownClientsOptions
  readonly #store: KnownClientsStore

  constructor(options: KnownClientsOptions) {
    this.#options = options
    this.#store = createKnownClientsStore(options.database)
  }

  /** Never fails: a client that cannot be kept is served all the same, and unknown after a restart. */
  put(id: string, sessionId: string, client: KnownClient): void {
    const text = JSON.stringify(client)
    if (text.length > longest) return
    this.#trying(() => {
      this.#store.put(hashSecret(id), sessionId, this.#options.sealer.seal(text, contextOf(sessionId)), this.#options.clock.now())
      this.#store.keepOnly(sessionId, keepAtMost)
    })
  }

  find(id: string, sessionId: string): KnownClient | undefined {
    return this.#trying(() => {
      const sealed = this.#store.find(hashSecret(id), sessionId, this.#options.clock.now() - keepFor)
      if (sealed === undefined) return undefined
      return knownClient.parse(JSON.parse(this.#options.sealer.open(sealed, contextOf(sessionId)).toString('utf8')))
    })
  }

  remove(id: string): void {
    this.#trying(() => this.#store.remove(hashSecret(id)))
  }

  /** Notes which are in use, and forgets those that were not for long. */
  tidy(inUse: Iterable<string>): void {
    this.#trying(() => {
      const now = this.#options.clock.now()
      this.#store.tidy([...inUse].map(hashSecret), now, now - keepFor)
    })
  }

  /** What a disk refuses, or another key has sealed, is as if it had not been kept. */
  #trying<Result>(work: () => Result): Result | undefined {
    try {
      return work()
    } catch {
      return undefined
    }
  }
}

function contextOf(sessionId: string): string {
  return `relay:client:${sessionId}`
}

/** A request that nobody sent and whose answer nobody reads: the SDK takes what a client said before only as a request. */
export function repeated(body: unknown, headers: Readonly<Record<string, string>>): { request: IncomingMessage; response: ServerResponse } {
  const nowhere = new Duplex({ read: () => undefined, write: (_, __, done) => done() })
  // Of a socket no more is used than being a stream.
  const request = new IncomingMessage(nowhere as Socket)
  const all = {
    host: 'relay',
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'content-length': String(Buffer.byteLength(JSON.stringify(body))),
    ...headers,
  }
  Object.assign(request, { method: 'POST', url: '/', headers: all, rawHeaders: Object.entries(all).flat() })
  const response = new ServerResponse(request)
  response.assignSocket(nowhere as Socket)
  return { request, response }
}
