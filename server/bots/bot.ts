/**
 * One bot: its state, its connection and its pairing.
 *
 * What holds:
 * - Verbs come one after the other (`exclusive`): two starts never open two sockets.
 * - One identity, one socket: the old one has ended before a new one is opened.
 * - A late event of an old connection does nothing: each connection's events carry the number it was opened under.
 * - Credentials are removed by `remove`, by a confirmed unlinking and by `pairAgain` alone, never by what a close says.
 */
import type { Clock } from '../clock.ts'
import { Fault } from '../fault.ts'
import type { Log } from '../log.ts'
import type { Connection, Engine, EngineEvents, Me, Message, Progress } from './engine.ts'
import { PasskeyLink, passkeyWayOut, type Authenticator } from './passkey.ts'
import { closingOf, isRunning, mayFollow, needsPerson, reconnectDelay, type BotState, type Closing } from './states.ts'
import type { BotRow, BotStore, StoredAuth } from './store.ts'

/** What is shown to the person who links the bot. Times in ms since the epoch. */
export interface Pairing {
  /** Eight characters; null until WhatsApp has given it. */
  code: string | null
  qr: string
  qrEndsAt: number
  endsAt: number
  /** The passkey ceremony, while the account asks for one. */
  passkey: PasskeyLink | null
}

export interface BotParts {
  engine: Engine
  store: BotStore
  clock: Clock
  log: Log
  random(): number
  /** Called after every change of what a bot shows; `state` is set when that changed. */
  changed(bot: Bot, state: BotState | null): void
  heard(bot: Bot, message: Message): void
  progressed(bot: Bot, messageId: string, progress: Progress): void
  sent(bot: Bot, messageId: string): Uint8Array | null
  /** Where a person uses a passkey; null while that is not wanted. */
  authenticator(): Authenticator | null
  /** The other bot that is linked to the number, null when there is none. */
  takenBy(number: string, except: string): string | null
}

/** After so long online the next loss starts over with the shortest wait. */
const stableAfter = 5 * 60_000
/** Ms that a person has for a passkey, as WhatsApp itself says. */
const passkeyPatience = 10 * 60_000
/** Attempts to get a pairing code before it is given up. */
const pairingAttempts = 4

export class Bot {
  readonly row: BotRow
  readonly auth: StoredAuth
  pairing: Pairing | null = null
  /** When the next attempt comes, while reconnecting. */
  retryAt: number | null = null
  attempt = 0
  private readonly parts: BotParts
  private readonly waiting = new Set<() => void>()
  private connection: Connection | null = null
  private generation = 0
  private turn: Promise<unknown> = Promise.resolve()
  private retry: NodeJS.Timeout | undefined
  private onlineSince = 0
  /** While unlinking: how the connection closed, if it did; that alone does not decide what follows. */
  private unlinking: { closed: { code: number; words: string } | null } | null = null

  constructor(row: BotRow, parts: BotParts) {
    this.row = row
    this.parts = parts
    this.auth = parts.store.auth(row.userId)
  }

  get state(): BotState {
    return this.row.state
  }

  get isLinked(): boolean {
    return this.parts.engine.isLinked(this.auth)
  }

  /** The live connection, for sending; null unless online. */
  get live(): Connection | null {
    return this.state === 'online' ? this.connection : null
  }

  /** Runs it; one that runs goes on as it is, one that waits for its next attempt tries now. */
  start(): Promise<void> {
    return this.exclusive(async () => {
      this.want(true)
      if (isRunning(this.state) && this.state !== 'reconnecting') return
      this.attempt = 0
      await this.connect()
    })
  }

  stop(reason: string | null = null): Promise<void> {
    return this.exclusive(() => {
      this.want(false)
      return this.halt(reason)
    })
  }

  restart(): Promise<void> {
    return this.exclusive(async () => {
      await this.halt(null)
      this.want(true)
      this.attempt = 0
      await this.connect()
    })
  }

  /**
   * Gives up a link that WhatsApp has ended and asks for a new code; queue, log, rules and backups stay.
   *
   * Throws `link-still-good`: a link that may still be good would stay on the phone as a device that nobody can log in as.
   */
  pairAgain(): Promise<void> {
    return this.exclusive(async () => {
      if (this.isLinked && this.state !== 'logged_out') throw new Fault('link-still-good', 'This session is linked: start it, or unlink it first')
      await this.halt(null)
      this.auth.replace([])
      this.row.linkedAt = null
      this.want(true)
      this.attempt = 0
      await this.connect()
    })
  }

  /** Ends the connection but remembers that it was to run. */
  suspend(): Promise<void> {
    return this.exclusive(async () => {
      clearTimeout(this.retry)
      await this.endConnection()
    })
  }

  /**
   * Unlinks it on the phone too. Throws `unlink-unconfirmed` when WhatsApp has not confirmed it; everything is kept then.
   */
  unlink(within: number): Promise<void> {
    return this.exclusive(async () => {
      // Unlinked there already, or never linked: there is nothing left to undo.
      if (this.state === 'logged_out' || !this.isLinked) return this.halt(null)
      if (this.live === null) {
        this.attempt = 0
        await this.connect()
        await this.settled(within, () => !isRunning(this.state) || this.state === 'online')
        if ((this.state as BotState) === 'logged_out') return
      }
      const unlinking: NonNullable<typeof this.unlinking> = { closed: null }
      this.unlinking = unlinking
      const confirmed = this.live === null ? false : await this.live.unlink(within)
      this.unlinking = null
      if (confirmed) return this.halt(null)
      if (unlinking.closed !== null) this.closed(unlinking.closed.code, unlinking.closed.words)
      throw new Fault('unlink-unconfirmed', 'WhatsApp did not confirm that the device was unlinked; the session was kept')
    })
  }

  /** The person has seen the code of the passkey ceremony on the phone as well. Throws `nothing-to-confirm`. */
  confirmPasskey(): void {
    if (this.pairing?.passkey?.confirm() !== true) throw new Fault('nothing-to-confirm', 'There is no code of a passkey to confirm')
  }

  /** Resolves when `holds`, or after `within` ms. */
  async settled(within: number, holds: () => boolean): Promise<void> {
    if (holds()) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (holds()) resolve()
    }
    const timer = setTimeout(resolve, within)
    this.waiting.add(look)
    await promise
    clearTimeout(timer)
    this.waiting.delete(look)
  }

  /** Runs `work` between two verbs, while nothing else changes this bot. */
  exclusive<Result>(work: () => Promise<Result> | Result): Promise<Result> {
    const mine = this.turn.then(work)
    this.turn = mine.catch(() => {})
    return mine
  }

  /** Saves what was changed in the row. */
  save(): void {
    this.parts.store.update(this.row)
    this.parts.changed(this, null)
  }

  private want(wanted: boolean): void {
    if (this.row.wanted === wanted) return
    this.row.wanted = wanted
    this.parts.store.update(this.row)
  }

  private async halt(reason: string | null): Promise<void> {
    clearTimeout(this.retry)
    await this.endConnection()
    if (this.state !== 'stopped') this.become('stopped', reason)
  }

  private async endConnection(): Promise<void> {
    this.generation += 1
    const { connection } = this
    this.connection = null
    this.endPairing()
    this.retryAt = null
    await connection?.end()
  }

  private async connect(): Promise<void> {
    clearTimeout(this.retry)
    await this.endConnection()
    const mine = this.generation
    this.become('starting', null)
    try {
      this.connection = await this.parts.engine.connect(this.auth, this.events(mine), { proxy: this.row.proxy, passkeyPatience: this.parts.authenticator() === null ? null : passkeyPatience })
    } catch (error) {
      this.parts.log.error({ bot: this.row.userId, error }, 'a bot could not be started')
      this.become('failed', `It could not be started: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  private events(mine: number): EngineEvents {
    const current = <Arguments extends unknown[]>(work: (...given: Arguments) => void) => (...given: Arguments): void => {
      if (mine === this.generation) work(...given)
    }
    return {
      qr: current((text) => this.showQr(text)),
      linked: current(() => {
        this.row.linkedAt = this.parts.clock.now()
        this.endPairing()
        this.save()
      }),
      open: current((me) => this.opened(me)),
      closed: current((code, words) => this.closed(code, words)),
      passkeyDemanded: current((options) => this.usePasskey(options)),
      passkeyCode: current((code, mustConfirm) => this.pairing?.passkey?.codeCame(code, mustConfirm)),
      passkeyFailed: current((reason) => this.giveUp(reason)),
      name: current((name) => {
        if (name === this.row.name) return
        this.row.name = name
        this.save()
      }),
      message: current((message) => this.parts.heard(this, message)),
      progress: current((messageId, progress) => this.parts.progressed(this, messageId, progress)),
      sent: (messageId) => this.parts.sent(this, messageId),
    }
  }

  private showQr(text: string): void {
    const { engine, clock } = this.parts
    const isFirst = this.pairing === null
    const now = clock.now()
    this.pairing = { code: this.pairing?.code ?? null, qr: text, qrEndsAt: now + engine.qrLife[isFirst ? 0 : 1], endsAt: this.pairing?.endsAt ?? now + engine.pairingLife, passkey: this.pairing?.passkey ?? null }
    if (!isFirst) return this.parts.changed(this, null)
    // Asked for earlier, the library would hand out a code that the server has never heard of.
    const { connection, pairing } = this
    this.become('pairing', null)
    connection
      ?.requestCode(this.row.phoneNumber)
      .then((code) => {
        // The code belongs to this connection; a later one has its own.
        if (this.connection !== connection || this.pairing === null) return
        this.pairing = { ...this.pairing, code, endsAt: this.pairing.passkey === null ? (pairing?.endsAt ?? this.pairing.endsAt) : this.pairing.endsAt }
        this.parts.changed(this, null)
        this.tell()
      })
      .catch((error: unknown) => {
        if (this.connection === connection) this.giveUp(error instanceof Fault ? error.message : 'The connection ended before WhatsApp gave a pairing code')
      })
  }

  private usePasskey(options: string): void {
    const { connection, pairing } = this
    const authenticator = this.parts.authenticator()
    if (authenticator === null || connection === null || pairing === null || options === '') return this.giveUp(passkeyWayOut)
    const passkey = new PasskeyLink({
      authenticator,
      connection,
      changed: () => {
        this.parts.changed(this, null)
        this.tell()
      },
      failed: (reason) => {
        if (this.pairing?.passkey === passkey) this.giveUp(reason)
      },
    })
    this.pairing = { ...pairing, endsAt: this.parts.clock.now() + passkeyPatience, passkey }
    passkey.begin(options)
    this.parts.changed(this, null)
    this.tell()
  }

  private endPairing(): void {
    this.pairing?.passkey?.dispose()
    this.pairing = null
  }

  private opened({ number, name }: Me): void {
    const other = this.parts.takenBy(number, this.row.userId)
    if (other !== null) {
      void this.exclusive(() => this.refuseSecondLink(number, other))
      return
    }
    this.row.phoneNumber = number === '' ? this.row.phoneNumber : number
    this.row.name = name ?? this.row.name
    this.row.linkedAt ??= this.parts.clock.now()
    this.onlineSince = this.parts.clock.monotonic()
    this.become('online', null)
  }

  /** Linked by QR with a phone whose number another bot has: two of them would take each other's messages. */
  private async refuseSecondLink(number: string, other: string): Promise<void> {
    this.unlinking = { closed: null }
    await this.connection?.unlink(10_000)
    this.unlinking = null
    await this.endConnection()
    this.auth.replace([])
    this.row.linkedAt = null
    this.become('failed', `The number ${number} is linked here already, as ${other}`)
  }

  private closed(code: number, words: string): void {
    this.connection = null
    if (this.unlinking !== null) return void (this.unlinking.closed = { code, words })
    const wasPairing = this.pairing !== null
    const wasPasskey = this.pairing?.passkey != null
    this.endPairing()
    const closing: Closing = closingOf(code, words)
    if (closing.then === 'restart') return void this.exclusive(() => (this.row.wanted ? this.connect() : undefined))
    if (!this.isLinked && wasPasskey && closing.then === 'retry') return this.become('failed', `The connection ended before the passkey was taken; start again. ${closing.reason}`)
    if (!this.isLinked && code === 408 && wasPairing) return this.become('failed', 'The pairing code has expired; start again for a new one')
    if (closing.then !== 'retry') return this.become(this.isLinked ? closing.then : 'failed', closing.reason)
    if (!this.isLinked && this.attempt >= pairingAttempts) return this.become('failed', `No pairing code could be had: ${closing.reason}`)
    this.retryLater(closing.reason)
  }

  private retryLater(reason: string): void {
    const { clock, random } = this.parts
    if (this.onlineSince > 0 && clock.monotonic() - this.onlineSince > stableAfter) this.attempt = 0
    this.onlineSince = 0
    this.attempt += 1
    const wait = reconnectDelay(this.attempt, random)
    this.retryAt = clock.now() + wait
    const mine = this.generation
    this.become('reconnecting', reason)
    this.retry = setTimeout(() => void this.exclusive(() => (mine === this.generation && this.state === 'reconnecting' ? this.connect() : undefined)), wait)
  }

  private giveUp(reason: string): void {
    void this.exclusive(async () => {
      await this.endConnection()
      this.become('failed', reason)
    })
  }

  private become(state: BotState, reason: string | null): void {
    const { row, parts } = this
    if (!mayFollow(row.state, state)) {
      parts.log.warn({ bot: row.userId, from: row.state, to: state }, 'a bot cannot go from this state to that')
      return
    }
    Object.assign(row, { state, reason, since: parts.clock.now() })
    // What cannot go on by itself is not tried again by a restart of the app either.
    if (needsPerson(state)) row.wanted = false
    parts.store.saveState(row)
    parts.changed(this, state)
    this.tell()
  }

  private tell(): void {
    for (const look of this.waiting) look()
  }
}
