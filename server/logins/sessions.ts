/** What the room can do with login sessions: the promises that `service.ts` keeps, and the API and the tools rely on. */
import type { Session, StoredEndReason } from './session.ts'
import type { PageQuery, SessionFilter } from './store/session-store.ts'
import type { Validation } from './tokens/verdict.ts'

export interface NewSession {
  userId: string
  username: string
  roleName: string
  permissions: readonly string[]
  rememberMe: boolean
  /** The first expiry; the policy's when null. Never beyond the absolute limit. */
  expiresAt: number | null
  address: string
  device: string
  reportedAddress: string | null
  reportedDevice: string | null
}

export interface Ending {
  session: Session
  /** False when somebody had ended it before. */
  now: boolean
}

/** A good token as such: one that was replaced a moment ago is not the session's own any more. Times in ms. */
export interface Introspected {
  session: Session
  tokenId: string
  issuedAt: number
  endsAt: number
}

export interface Sessions {
  create(request: NewSession, actor: string): Promise<{ session: Session; token: string; evicted: Session[] }>
  /** Counts as activity, and near its end renews the session and offers the next token. */
  validate(token: string): Promise<Validation>
  /** What the token is worth, without any effect on its session; null when it is not good. */
  introspect(token: string): Promise<Introspected | null>
  /**
   * The session of the one who calls. Nothing is renewed; a replaced token ends the session as anywhere. Throws `token-refused`,
   * `session-expired`, `session-inactive`.
   */
  authenticate(token: string, asUse: boolean): Promise<Session>
  /**
   * Uses that a gateway let pass by itself, `at` ms since the epoch. Resolves with the ids of those that are over or not known: nothing
   * revives them.
   */
  noteUses(uses: readonly { id: string; at: number }[]): Promise<string[]>
  /** Throws `session-*` faults; `refreshed` is false while the token is not near its end. */
  refresh(token: string, actor: string): Promise<{ session: Session; token: string; refreshed: boolean }>
  /**
   * Ends the session of a token of ours, also a replaced or expired one, or one of a key that no longer verifies. Throws
   * `session-not-found`.
   */
  endByToken(token: string, reason: StoredEndReason, actor: string): Promise<Ending>
  /**
   * Writes an end, also where time alone has ended the session: an idle limit can be lifted, and another server's clock be behind.
   * Throws `session-not-found`.
   */
  end(id: string, reason: StoredEndReason, actor: string): Promise<Ending>
  /** All that nobody has ended; `ended` names those among them that were live until now. */
  endAll(userId: string, except: string | null, actor: string): Promise<{ ended: Session[]; live: number }>
  /** Ends all that match, however many; resolves with how many of them were live. */
  endMatching(filter: SessionFilter, actor: string): Promise<number>
  /** Throws `session-not-found`. */
  get(id: string): Promise<Session>
  ofUser(userId: string): Promise<Session[]>
  page(query: PageQuery): Promise<{ sessions: Session[]; total: number }>
  /**
   * Goes on without signing keys that do not open. Where no good token can be left, their sessions end. Resolves with how many keys were
   * given up.
   */
  giveUpKeys(actor: string): Promise<number>
  /** Ever-rising count. */
  validations(): number
}
