/**
 * The named clients of all sessions: who may come in under a name of its own, and what each of them may do. Whoever has the session's own
 * password may do everything in it.
 */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import { hashSecret } from '../../secrets/hash.ts'
import { randomToken, type RandomBytes } from '../../secrets/random.ts'
import { diskRefusal } from '../../store/disk.ts'
import type { Authentication } from '../authentication.ts'
import type { BrokerEngine } from '../engine/broker-engine.ts'
import type { brokerEvents } from '../events.ts'
import { BrokerFault } from '../fault.ts'
import { identityOf, type Access, type RuledClient } from './access.ts'
import { everything, judgePublish, judgeSubscribe, type AccessRule, type Identity } from './rules.ts'
import type { NamedClientStore, StoredNamedClient } from './store.ts'

/** Of one session: each is kept in memory and looked for with every login. */
export const mostNamedClients = 10_000
/** Ms between two notes of when a client was last seen. */
const seenEvery = 60_000

interface Session {
  readonly id: number
  readonly name: string
  readonly passwordHash: string
}

/** A connection, as far as a named client's end concerns it. */
export interface EndableConnection {
  readonly id: number
  readonly access: Access | null
  end(reason: 'revoked'): void
}

export interface NamedClientsGiven {
  store: NamedClientStore
  authentication: Authentication
  clock: Clock
  events: Announcer<typeof brokerEvents>
  engine(): BrokerEngine
  connections(): Iterable<EndableConnection>
  hasSession(name: string): boolean
  random?: RandomBytes
}

export class NamedClients {
  readonly #given: NamedClientsGiven
  /** By session and name. */
  readonly #clients = new Map<number, Map<string, StoredNamedClient>>()

  constructor(given: NamedClientsGiven) {
    this.#given = given
    for (const client of given.store.all()) this.#of(client.sessionId).set(client.name, client)
  }

  /** By name. */
  all({ id }: Pick<Session, 'id'>): StoredNamedClient[] {
    return [...(this.#clients.get(id)?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  find({ id }: Pick<Session, 'id'>, name: string): StoredNamedClient | undefined {
    return this.#clients.get(id)?.get(name)
  }

  /** Throws `no-such-named-client`. */
  byName(session: Pick<Session, 'id'>, name: string): StoredNamedClient {
    const client = this.find(session, name)
    if (client === undefined) throw new BrokerFault('no-such-named-client')
    return client
  }

  /** Whether a named client of one of these sessions logs in by that name. No name of a client has a colon in it. */
  logsInAs(loginName: string, sessionBy: (name: string) => Pick<Session, 'id'> | undefined): boolean {
    const colon = loginName.lastIndexOf(':')
    const session = colon < 0 ? undefined : sessionBy(loginName.slice(0, colon))
    return session !== undefined && this.find(session, loginName.slice(colon + 1)) !== undefined
  }

  /**
   * `key` is the one that was made, null where a password was given. Throws `named-client-exists`, `login-name-taken`,
   * `password-of-session`, `too-many-named-clients` and `no-such-session`.
   */
  async add(
    session: Session,
    { name, password, rules = everything }: { name: string; password?: string | undefined; rules?: readonly AccessRule[] | undefined },
    actor: string,
  ): Promise<{ client: StoredNamedClient; key: string | null }> {
    const { store, clock, events } = this.#given
    const names = this.#of(session.id)
    if (names.has(name)) throw new BrokerFault('named-client-exists')
    if (names.size >= mostNamedClients) throw new BrokerFault('too-many-named-clients')
    const { key, ...secret } = await this.#newSecret(session, password)
    // Dropped while the password was hashed.
    if (this.#clients.get(session.id) !== names) throw new BrokerFault('no-such-session')
    if (this.#given.hasSession(`${session.name}:${name}`)) throw new BrokerFault('login-name-taken')
    const client = store.add({ sessionId: session.id, name, ...secret, rules, createdAt: clock.now() })
    if (client === null) throw new BrokerFault('named-client-exists')
    names.set(name, client)
    events.emit({ type: 'named-client-added', subject: session.name, actor, data: { client: name } })
    return { client, key }
  }

  /** In force at once: what the client may not have any more ends, and what waits for it of that goes. Throws `storage-failed`. */
  async setRules(session: Session, name: string, rules: readonly AccessRule[], actor: string): Promise<StoredNamedClient> {
    const { store, events, engine } = this.#given
    const client = this.byName(session, name)
    store.setRules(client.id, rules)
    client.rules = rules
    events.emit({ type: 'named-client-changed', subject: session.name, actor, data: { client: name } })
    const kept: boolean[] = []
    for (const { subscriberId, identity } of await this.#placesOf(session, client)) {
      const restricted = await engine().restrict(session.id, subscriberId, rightsOf(client, identity))
      kept.push(restricted?.isStored ?? true)
    }
    if (kept.includes(false)) throw new BrokerFault('storage-failed')
    return client
  }

  /** Ends its connections, which came in with the one before; its queue stays. Throws `no-such-named-client` and `password-of-session`. */
  async replaceSecret(
    session: Session,
    name: string,
    password: string | undefined,
    actor: string,
  ): Promise<{ client: StoredNamedClient; key: string | null }> {
    const { store, authentication, events } = this.#given
    const { id } = this.byName(session, name)
    const { key, credential, secretHash } = await this.#newSecret(session, password)
    const before = this.find(session, name)
    // Revoked while the password was hashed.
    if (before?.id !== id) throw new BrokerFault('no-such-named-client')
    store.setSecret(id, credential, secretHash)
    // Another one from here on: a login under way, with what held until now, is not of this one any more.
    const client = { ...before, credential, secretHash }
    this.#of(session.id).set(name, client)
    authentication.forgetClient(id)
    this.#end(before)
    events.emit({ type: 'named-client-changed', subject: session.name, actor, data: { client: name } })
    return { client, key }
  }

  /** Ends its connections and forgets it with all that waits for it. Throws `no-such-named-client` and `storage-failed`. */
  async revoke(session: Session, name: string, actor: string): Promise<void> {
    const { store, authentication, events, engine } = this.#given
    const client = this.byName(session, name)
    store.remove(client.id)
    this.#clients.get(session.id)?.delete(name)
    authentication.forgetClient(client.id)
    const places = await this.#placesOf(session, client)
    this.#end(client)
    events.emit({ type: 'named-client-revoked', subject: session.name, actor, data: { client: name } })
    const kept: boolean[] = []
    for (const { subscriberId } of places) kept.push((await engine().removeSubscriber(session.id, subscriberId))?.isStored ?? true)
    if (kept.includes(false)) throw new BrokerFault('storage-failed')
  }

  /** Its session is gone. */
  forgetSession({ id }: Pick<Session, 'id'>): void {
    for (const client of this.#clients.get(id)?.values() ?? []) this.#given.authentication.forgetClient(client.id)
    this.#clients.delete(id)
  }

  seen(client: StoredNamedClient): void {
    const now = this.#given.clock.now()
    if (client.lastSeenAt !== null && now - client.lastSeenAt < seenEvery) return
    client.lastSeenAt = now
    try {
      this.#given.store.setSeen(client.id, now)
    } catch (error) {
      // A disk that is full keeps nobody out.
      if (diskRefusal(error) === null) throw error
    }
  }

  /** Connections of each; who has none is left out. */
  connectionCounts(): ReadonlyMap<RuledClient, number> {
    const counts = new Map<RuledClient, number>()
    for (const { access } of this.#given.connections()) if (access !== null) counts.set(access.client, (counts.get(access.client) ?? 0) + 1)
    return counts
  }

  /**
   * At the start, before anybody comes in: what was revoked or ruled while the process ended is in SQLite, and may not have reached the
   * journal. A disk that refuses has it when it takes something again.
   */
  async catchUp(sessions: Iterable<Pick<Session, 'id'>>): Promise<void> {
    const engine = this.#given.engine()
    for (const session of sessions) {
      for (const { subscriberId, key, topics, unacked } of await engine.clients(session.id)) {
        const identity = identityOf(key)
        if (identity === null) continue
        const client = this.find(session, identity.name)
        if (client === undefined) await engine.removeSubscriber(session.id, subscriberId)
        else if (topics.length > 0 || unacked > 0) await engine.restrict(session.id, subscriberId, rightsOf(client, identity))
      }
    }
  }

  /** Its subscribers, those that are away among them. */
  async #placesOf({ id }: Pick<Session, 'id'>, client: StoredNamedClient): Promise<{ subscriberId: number; identity: Identity }[]> {
    const here = new Map([...this.#given.connections()].map((connection) => [connection.id, connection.access]))
    return (await this.#given.engine().clients(id)).flatMap(({ subscriberId, key, connection }) => {
      const access = connection === null ? null : here.get(connection.id)
      const identity = access?.client === client ? access.identity : identityOf(key)
      return identity?.name === client.name ? [{ subscriberId, identity }] : []
    })
  }

  #end(client: StoredNamedClient): void {
    for (const connection of [...this.#given.connections()]) if (connection.access?.client === client) connection.end('revoked')
  }

  async #newSecret(
    session: Session,
    password: string | undefined,
  ): Promise<{ credential: StoredNamedClient['credential']; secretHash: string; key: string | null }> {
    const { authentication } = this.#given
    if (password !== undefined) {
      if (await authentication.isOfSession(session, password)) throw new BrokerFault('password-of-session')
      return { credential: 'password', secretHash: await authentication.hash(password), key: null }
    }
    const key = `bk_${randomToken(24, this.#given.random ?? randomBytes)}`
    return { credential: 'key', secretHash: hashSecret(key).toString('base64url'), key }
  }

  #of(session: number): Map<string, StoredNamedClient> {
    const names = this.#clients.get(session) ?? new Map<string, StoredNamedClient>()
    this.#clients.set(session, names)
    return names
  }
}

/** By the rules of the moment: they may change again while it is asked. */
function rightsOf(client: RuledClient, identity: Identity): Parameters<BrokerEngine['restrict']>[2] {
  return {
    mayHave: (filter) => judgeSubscribe(client.rules, identity, filter).isAllowed,
    mayPublish: (topic) => judgePublish(client.rules, identity, topic).isAllowed,
  }
}
