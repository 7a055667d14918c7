/** Signing in at remote servers: which of them have granted what, and the sign-ins a person has begun. */
import type { Clock } from '../../clock.ts'
import { RelayFault } from '../fault.ts'
import { createEgressFetch } from '../../http/egress-fetch.ts'
import { originsOf, type Egress } from '../../http/egress.ts'
import { randomToken } from '../../secrets/random.ts'
import { OAuthClient, type GivenClient, type SignIn } from './oauth-client.ts'
import type { OAuthClientStore } from './store.ts'

/** The part of a server's definition that says whether and where one signs in. */
export interface SignedInAt {
  id: string
  transport: string
  url: string | null
  headers: Readonly<Record<string, string>>
}

export interface OAuthClientsOptions {
  store: OAuthClientStore
  clock: Clock
  /** Judges where authorization servers are, which remote servers name. */
  egress: Egress
  /** What goes on by itself could not be done. */
  failed(error: unknown, what: string): void
  /** The page of ours that authorization servers send browsers back to; on this machine. */
  callbackUrl(): string
}

const keepFor = 600_000

export class OAuthClients {
  readonly #options: OAuthClientsOptions
  readonly #byUpstream = new Map<string, { oauthClient: OAuthClient; url: string }>()
  /** By the secret that comes back with the answer, so that nobody can hand us an answer we did not ask for. */
  readonly #begun = new Map<string, { upstreamId: string; signIn: SignIn; until: number }>()

  constructor(options: OAuthClientsOptions) {
    this.#options = options
  }

  /** Undefined for a server that is not asked for by address, or that was given an Authorization of its own. */
  of({ id, transport, url, headers }: SignedInAt): OAuthClient | undefined {
    if ((transport !== 'http' && transport !== 'sse') || url === null) return undefined
    if (Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) return undefined
    const known = this.#byUpstream.get(id)
    if (known?.url === url) return known.oauthClient
    if (known !== undefined) this.#giveUpBegun(id)
    const { store, clock, egress, failed, callbackUrl } = this.#options
    const oauthClient = new OAuthClient({
      clock,
      url,
      fetch: createEgressFetch(egress, originsOf([url])),
      redirectUrl: callbackUrl,
      kept: store.find(id, url),
      keep: (kept) => {
        // What the address before still brings must not take the place of what this one granted.
        if ((this.#byUpstream.get(id)?.url ?? url) === url) store.put(id, url, kept, clock.now())
      },
      failed,
    })
    this.#byUpstream.set(id, { oauthClient, url })
    return oauthClient
  }

  /** The page on which a person signs in. Throws `sign-in-impossible`, `sign-in-wants-client`. */
  async begin(definition: SignedInAt, given?: GivenClient): Promise<URL> {
    const oauthClient = this.of(definition)
    if (oauthClient === undefined)
      throw new RelayFault('sign-in-impossible', 'Only remote servers without an Authorization header of their own are signed in at')
    const now = this.#options.clock.monotonic()
    for (const [state, { until }] of this.#begun) if (until < now) this.#begun.delete(state)
    const state = randomToken()
    const signIn = await oauthClient.signIn(state, given)
    // The remote server chose it, and a person's browser on this machine opens it.
    try {
      this.#options.egress.check(signIn.url, originsOf([definition.url]))
    } catch (error) {
      throw new RelayFault(
        'sign-in-impossible',
        `No sign-in can be offered: ${error instanceof Error ? error.message : String(error)}`,
        {},
        { cause: error },
      )
    }
    this.#begun.set(state, { upstreamId: definition.id, signIn, until: now + keepFor })
    return signIn.url
  }

  /** Takes the answer that a browser brought back; resolves with the server it was for. Throws `sign-in-unknown`, `sign-in-failed`. */
  async finish(answer: URLSearchParams): Promise<string> {
    const state = answer.get('state') ?? ''
    const found = this.#begun.get(state)
    // Good once, whatever comes of it.
    this.#begun.delete(state)
    if (found === undefined || found.until < this.#options.clock.monotonic())
      throw new RelayFault('sign-in-unknown', 'This sign-in was not begun here, or too long ago')
    await found.signIn.finish(answer)
    return found.upstreamId
  }

  /** The servers whose tokens cannot be opened. */
  locked(): string[] {
    return this.#options.store.locked()
  }

  /** Gives up what cannot be opened: a person signs in there again. */
  giveUpLocked(): void {
    for (const id of this.locked()) {
      this.#options.store.remove(id)
      this.forget(id)
    }
  }

  /** Writes what the disk has refused before. */
  flush(): void {
    for (const { oauthClient } of this.#byUpstream.values()) oauthClient.flush()
  }

  /** What a key that was put back opens is read again. */
  reread(): void {
    this.#byUpstream.clear()
  }

  /** What is kept of it is gone. */
  forget(id: string): void {
    this.#byUpstream.delete(id)
    this.#giveUpBegun(id)
  }

  #giveUpBegun(id: string): void {
    for (const [state, { upstreamId }] of this.#begun) if (upstreamId === id) this.#begun.delete(state)
  }
}
