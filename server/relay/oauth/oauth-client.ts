/**
 * What one remote server has granted us by OAuth 2.1: a registered client, tokens that renew themselves, and the way to a first sign-in.
 */
import type {
  AuthProvider,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client'
import type { Clock } from '../../clock.ts'
import { RelayFault } from '../fault.ts'

export interface KeptOAuthClient {
  /** As the authorization server knows us, and the callback it was registered with. */
  client?: { information: StoredOAuthClientInformation; redirectUrl: string; givenByPerson: boolean }
  tokens?: StoredOAuthTokens
  /** Wall clock, ms, of the tokens' arrival. */
  obtainedAt?: number
  discovery?: OAuthDiscoveryState
}

/** A client that a person registered by hand, for authorization servers that do not let programs register themselves. */
export interface GivenClient {
  clientId: string
  clientSecret?: string | undefined
}

export interface OAuthClientParts {
  clock: Clock
  /** The server's address, which is what tokens are asked for. */
  url: string
  fetch: typeof fetch
  redirectUrl(): string
  kept: KeptOAuthClient
  keep(kept: KeptOAuthClient): void
  /** What goes on by itself could not be done. */
  failed(error: unknown, what: string): void
}

/** One try of a person to sign in, between the page it opens and the answer that comes back. */
export interface SignIn {
  url: URL
  /** Exchanges what the authorization server answered for tokens. */
  finish(answer: URLSearchParams): Promise<void>
}

/** Tokens are renewed so long before their end, so that no call has to find out. */
const renewAhead = 30_000
const patience = 15_000

export class OAuthClient {
  #needsPerson = false
  readonly #parts: OAuthClientParts
  #kept: KeptOAuthClient
  /** The disk has not taken it yet. */
  #isUnwritten = false
  #challenge: { resourceMetadataUrl?: URL; scope?: string } = {}
  /** Refresh tokens are good once with many servers, so all who need a new one wait for the same. */
  #renewing: Promise<void> | undefined
  /** By the answer that refused it: the Authorization that a request bore. */
  readonly #refused = new WeakMap<Response, string | null>()
  readonly #patientFetch = (input: string | URL, init?: RequestInit): Promise<Response> =>
    this.#parts.fetch(input, { ...init, signal: AbortSignal.timeout(patience) })

  constructor(parts: OAuthClientParts) {
    this.#parts = parts
    this.#kept = parts.kept
  }

  /** The server wants a person to sign in; nothing this program could do by itself would help. */
  get needsPerson(): boolean {
    return this.#needsPerson
  }

  get isSignedIn(): boolean {
    return this.#kept.tokens !== undefined
  }

  /** As `send`, for connections: remembers which token was refused. */
  noting(send: typeof fetch): typeof fetch {
    return async (input, init) => {
      const response = await send(input, init)
      if (response.status === 401) this.#refused.set(response, new Headers(init?.headers).get('authorization'))
      return response
    }
  }

  /** For connections, which nobody watches: the token there is, renewed where that needs nobody. */
  readonly background: AuthProvider = {
    token: async () => {
      const { tokens, obtainedAt = 0 } = this.#kept
      const endsAt = tokens?.expires_in === undefined ? Infinity : obtainedAt + tokens.expires_in * 1_000
      // The server has the last word on whether a token is good; failing to renew early is no failure yet.
      if (endsAt - this.#parts.clock.now() < renewAhead && tokens?.refresh_token !== undefined) await this.#renew().catch(() => undefined)
      return this.#kept.tokens?.access_token
    },
    onUnauthorized: async ({ response }) => {
      await this.#readChallenge(response)
      // Another call heard of the same end sooner: there is a new token already, with which this one is made again.
      const token = this.#kept.tokens?.access_token
      if (token !== undefined && this.#refused.has(response) && this.#refused.get(response) !== `Bearer ${token}`) return
      if (this.#kept.tokens?.refresh_token === undefined) this.#giveUp()
      await this.#renew()
    },
  }

  /** A new try: what the last one found out no longer counts. */
  tryAgain(): void {
    this.#needsPerson = false
  }

  /** A call was refused because the token allows too little: the next sign-in asks for what is missing. */
  needsScope(scope: string | undefined): void {
    if (scope !== undefined)
      this.#challenge.scope = [...new Set([...(this.#kept.tokens?.scope?.split(' ') ?? []), ...scope.split(' ')])].join(' ')
  }

  /**
   * Finds the authorization server, registers with it where we are not known, and makes the address of its sign-in page.
   *
   * Throws `sign-in-impossible`, and `sign-in-wants-client` where a person has to register a client first.
   */
  async signIn(state: string, given?: GivenClient): Promise<SignIn> {
    const { auth, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client')
    if (given !== undefined)
      this.#keep({
        client: {
          information: { client_id: given.clientId, ...(given.clientSecret === undefined ? {} : { client_secret: given.clientSecret }) },
          redirectUrl: this.#parts.redirectUrl(),
          givenByPerson: true,
        },
      })
    const attempt: { url?: URL; verifier?: string; discovery?: OAuthDiscoveryState } = {}
    const provider = this.#provider(state, attempt)
    try {
      await auth(provider, { serverUrl: this.#parts.url, fetchFn: this.#patientFetch, ...this.#challenge })
    } catch (error) {
      if (this.#clientFor(this.#parts.redirectUrl()) === undefined && /registration/i.test(reasonOf(error))) {
        throw new RelayFault(
          'sign-in-wants-client',
          `Programs may not register themselves there. Register one with the callback ${this.#parts.redirectUrl()} and give its client id.`,
          {},
          { cause: error },
        )
      }
      throw new RelayFault('sign-in-impossible', `No sign-in can be offered: ${reasonOf(error)}`, {}, { cause: error })
    }
    const { url } = attempt
    // It is opened in the person's browser, and an ill-meaning server chooses it.
    if (url === undefined || !isWebPage(url))
      throw new RelayFault('sign-in-impossible', 'The server names a sign-in page that is no web page')
    return {
      url,
      finish: async (answer) => {
        const transport = new StreamableHTTPClientTransport(new URL(this.#parts.url), { authProvider: provider, fetch: this.#patientFetch })
        try {
          await transport.finishAuth(answer)
        } catch (error) {
          throw new RelayFault('sign-in-failed', `The sign-in did not succeed: ${reasonOf(error)}`, {}, { cause: error })
        }
        this.#keep({ ...(attempt.discovery === undefined ? {} : { discovery: attempt.discovery }) })
        this.#needsPerson = false
      },
    }
  }

  /** Forgets the tokens; the registration stays. */
  signOut(): void {
    this.#write(withoutTokens(this.#kept))
  }

  /** Writes what the disk has refused before. */
  flush(): void {
    if (this.#isUnwritten) this.#hold(this.#kept)
  }

  #provider(state: string, attempt: { url?: URL; verifier?: string; discovery?: OAuthDiscoveryState }): OAuthClientProvider {
    const parts = this.#parts
    const redirectUrl = parts.redirectUrl()
    return {
      redirectUrl,
      clientMetadata: {
        client_name: 'Wheelhouse',
        redirect_uris: [redirectUrl],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      state: () => state,
      clientInformation: () => this.#clientFor(redirectUrl),
      saveClientInformation: (information) =>
        this.#keep({
          client: {
            information,
            redirectUrl,
            givenByPerson: this.#kept.client?.givenByPerson === true && this.#kept.client.information.client_id === information.client_id,
          },
        }),
      // A person who signs in wants to be asked, not to have the old tokens renewed.
      tokens: () => undefined,
      saveTokens: (tokens) => this.#keep({ tokens, obtainedAt: parts.clock.now() }),
      redirectToAuthorization: (url) => void (attempt.url = url),
      saveCodeVerifier: (verifier) => void (attempt.verifier = verifier),
      codeVerifier: () => attempt.verifier ?? '',
      saveDiscoveryState: (discovery) => void (attempt.discovery = discovery),
      discoveryState: () => attempt.discovery,
      invalidateCredentials: (scope) => {
        const { client: _, ...rest } = this.#kept
        if ((scope === 'client' || scope === 'all') && this.#kept.client?.givenByPerson === false) this.#kept = rest
      },
    }
  }

  /** One that was registered with another callback would be refused; a person's own was told the callback by that person. */
  #clientFor(redirectUrl: string): StoredOAuthClientInformation | undefined {
    const { client } = this.#kept
    return client !== undefined && (client.givenByPerson || client.redirectUrl === redirectUrl) ? client.information : undefined
  }

  #renew(): Promise<void> {
    this.#renewing ??= this.#askForTokens().finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  async #askForTokens(): Promise<void> {
    const { tokens, client, discovery } = this.#kept
    if (tokens?.refresh_token === undefined || client === undefined || discovery === undefined) return this.#giveUp()
    const { refreshAuthorization, OAuthError } = await import('@modelcontextprotocol/client')
    const { authorizationServerUrl, authorizationServerMetadata: metadata, resourceMetadata } = discovery
    try {
      const renewed = await refreshAuthorization(authorizationServerUrl, {
        ...(metadata === undefined ? {} : { metadata }),
        ...(resourceMetadata?.resource === undefined ? {} : { resource: new URL(resourceMetadata.resource) }),
        clientInformation: client.information,
        refreshToken: tokens.refresh_token,
        fetchFn: this.#patientFetch,
      })
      this.#hold({ ...this.#kept, tokens: { ...tokens, ...renewed }, obtainedAt: this.#parts.clock.now() })
    } catch (error) {
      // Only the authorization server's own word ends the grant; one that cannot be reached is asked again later.
      if (!(error instanceof OAuthError) || !isFinal(error.code)) throw error
      this.#hold(withoutTokens(this.#kept))
      this.#giveUp()
    }
  }

  async #readChallenge(response: Response): Promise<void> {
    const { extractWWWAuthenticateParams } = await import('@modelcontextprotocol/client')
    const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response)
    if (resourceMetadataUrl !== undefined) this.#challenge.resourceMetadataUrl = resourceMetadataUrl
    if (scope !== undefined) this.#challenge.scope = scope
  }

  #giveUp(): never {
    this.#needsPerson = true
    throw new RelayFault('sign-in-needed', 'It wants you to sign in')
  }

  #keep(change: KeptOAuthClient): void {
    this.#write({ ...this.#kept, ...change })
  }

  #write(kept: KeptOAuthClient): void {
    this.#parts.keep(kept)
    this.#kept = kept
    this.#isUnwritten = false
  }

  /** Nobody waits for it, and what was there before is spent: refused by the disk it counts all the same, and is written another time. */
  #hold(kept: KeptOAuthClient): void {
    this.#kept = kept
    this.#isUnwritten = true
    try {
      this.#write(kept)
    } catch (error) {
      this.#parts.failed(error, 'what a server has granted could not be kept')
    }
  }
}

function withoutTokens({ tokens: _, obtainedAt: __, ...rest }: KeptOAuthClient): KeptOAuthClient {
  return rest
}

function isFinal(code: string): boolean {
  return ['invalid_grant', 'invalid_client', 'unauthorized_client'].includes(code)
}

function isWebPage({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 300) : 'unknown'
}
