/** Lets clients in: a slow hash the first time, a fast one for the thousands that follow, and no patience for guessing. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { StoredNamedClient } from './access/store.ts'
import { createSerialQueue } from '../async/serial-queue.ts'
import { rateLimiter } from '../http/rate-limiter.ts'
import { hashSecret, sameSecret } from '../secrets/hash.ts'
import type { RandomBytes } from '../secrets/random.ts'
import { randomToken } from '../secrets/random.ts'

export interface Passwords {
  hash(password: string): Promise<string>
  check(password: string, stored: string): Promise<boolean>
}

/** What a named client says who it is by. */
type NamedCredential = Pick<StoredNamedClient, 'id' | 'sessionId' | 'credential' | 'secretHash'>

const passLife = 30_000

/** Wrong passwords a minute: for one session from one address, and from one address in all. */
const perSession = 20
const perAddress = 200

export class Authentication {
  readonly #passwords: Passwords
  readonly #random: RandomBytes
  readonly #now: () => number
  /** Of this process alone: what is kept in memory says nothing about the passwords to whoever reads it elsewhere. */
  readonly #salt: Uint8Array
  readonly #known = new Map<number, Buffer>()
  /** With the hash that it was checked against: that may have been replaced meanwhile, or the number be another client's. */
  readonly #knownClients = new Map<number, { of: string; digest: Buffer }>()
  readonly #passes = new Map<string, { session: number; until: number }>()
  readonly #guesses = rateLimiter({ points: perSession, duration: 60 })
  readonly #addresses = rateLimiter({ points: perAddress, duration: 60 })
  /** One slow hash at a time: each takes 128 MiB and a core. */
  readonly #slowHashes = createSerialQueue()

  constructor(passwords: Passwords, now: () => number, random: RandomBytes = randomBytes) {
    this.#passwords = passwords
    this.#now = now
    this.#random = random
    this.#salt = random(32)
  }

  hash(password: string): Promise<string> {
    return this.#slowHashes.run(() => this.#passwords.hash(password))
  }

  /** The right password of a session, known because it was just set. */
  remember(session: number, password: string): void {
    this.#known.set(session, this.#digest(password))
  }

  forget(session: number): void {
    this.#known.delete(session)
    for (const [pass, { session: of }] of this.#passes) if (of === session) this.#passes.delete(pass)
  }

  /** Lets one client in, once. */
  createPass(session: number): string {
    for (const [pass, { until }] of this.#passes) if (until < this.#now()) this.#passes.delete(pass)
    const pass = `pass_${randomToken(24, this.#random)}`
    this.#passes.set(pass, { session, until: this.#now() + passLife })
    return pass
  }

  async check(session: { id: number; passwordHash: string }, password: string, address: string): Promise<'right' | 'wrong' | 'too-many'> {
    if (this.#takePass(session.id, password)) return 'right'
    const same = this.#matches(session.id, password)
    if (same === true) return 'right'
    if (await this.isBlocked(session.id, address)) return 'too-many'
    const outcome =
      same === false
        ? await this.#wrong(session.id, address)
        : await this.#slowHashes.run(() => this.#checkSlowly(session, password, address))
    if (outcome === 'right') this.remember(session.id, password)
    return outcome
  }

  /**
   * Whether it is the password or key of a named client. A wrong one is not counted here: it may be the session's own, which is asked next
   * and counts.
   */
  async isOfClient({ id, sessionId, credential, secretHash }: NamedCredential, secret: string, address: string): Promise<boolean> {
    if (credential === 'key') return sameSecret(hashSecret(secret).toString('base64url'), secretHash)
    const known = this.#knownClients.get(id)
    if (known?.of === secretHash) return timingSafeEqual(known.digest, this.#digest(secret))
    const isRight = await this.#slowHashes.run(
      async () => !(await this.isBlocked(sessionId, address)) && (await this.#passwords.check(secret, secretHash)),
    )
    if (isRight) this.#knownClients.set(id, { of: secretHash, digest: this.#digest(secret) })
    return isRight
  }

  /** Whether it is the password of the session; for who may set one, and guesses nothing. */
  async isOfSession({ id, passwordHash }: { id: number; passwordHash: string }, password: string): Promise<boolean> {
    return this.#matches(id, password) ?? (await this.#slowHashes.run(() => this.#passwords.check(password, passwordHash)))
  }

  /** The same, as far as a login has shown it since the start. */
  isKnownOfSession({ id }: { id: number }, password: string): boolean {
    return this.#matches(id, password) === true
  }

  forgetClient(id: number): void {
    this.#knownClients.delete(id)
  }

  /** Guesses that arrived together waited for their turn: those behind the last one allowed are not worth a slow hash. */
  async #checkSlowly(
    session: { id: number; passwordHash: string },
    password: string,
    address: string,
  ): Promise<'right' | 'wrong' | 'too-many'> {
    const same = this.#matches(session.id, password)
    if (same === true) return 'right'
    if (await this.isBlocked(session.id, address)) return 'too-many'
    return same === null && (await this.#passwords.check(password, session.passwordHash)) ? 'right' : this.#wrong(session.id, address)
  }

  async #wrong(session: number, address: string): Promise<'wrong'> {
    await this.failed(session, address)
    return 'wrong'
  }

  /** Counts a failure, e.g. of a session that does not exist. */
  async failed(session: number, address: string): Promise<void> {
    const [guesses, addresses] = await this.#counts()
    await Promise.all([guesses.penalty(`${session}|${address}`), addresses.penalty(address)])
  }

  async isBlocked(session: number, address: string): Promise<boolean> {
    const [guesses, addresses] = await this.#counts()
    const [same, all] = await Promise.all([guesses.get(`${session}|${address}`), addresses.get(address)])
    return (same?.consumedPoints ?? 0) >= perSession || (all?.consumedPoints ?? 0) >= perAddress
  }

  #counts() {
    return Promise.all([this.#guesses(), this.#addresses()])
  }

  #takePass(session: number, password: string): boolean {
    const pass = this.#passes.get(password)
    if (pass === undefined || pass.session !== session) return false
    this.#passes.delete(password)
    return pass.until >= this.#now()
  }

  /** Null when no right password was seen since the start. */
  #matches(session: number, password: string): boolean | null {
    const known = this.#known.get(session)
    return known === undefined ? null : timingSafeEqual(known, this.#digest(password))
  }

  #digest(password: string): Buffer {
    return createHmac('sha256', this.#salt).update(password.normalize('NFKC')).digest()
  }
}
