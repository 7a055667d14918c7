/**
 * One bot: its state, and the verbs that change it. Its connection is in `supervisor.ts`, its pairing in `../pairing/`.
 *
 * What holds:
 * - Verbs come one after the other (`exclusive`): two starts never open two sockets.
 * - Attempts on the way back are shown, and no news: the loss is told once, and so is the return.
 * - Credentials are removed by `remove`, by a confirmed unlinking and by `pairAgain` alone, never by what a close says.
 * - What goes wrong with one bot stays with it: it is tried again later and later, then set aside with the reason until a person starts it.
 */
import type { Clock } from '../../clock.ts'
import { Fault } from '../../fault.ts'
import { reasonOf } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import type { Connection, Engine, EngineEvents, Me, Message, Progress } from '../engine/engine.ts'
import type { End, Handshakes } from './handshakes.ts'
import { Line } from './supervisor.ts'
import { lockedWords } from '../locked.ts'
import { PairingDesk, type Pairing } from '../pairing/pairing.ts'
import type { Authenticator } from '../pairing/passkey.ts'
import { Reconnect } from './reconnect.ts'
import { closingOf, isRunning, mayFollow, needsPerson, type BotState } from './states.ts'
import type { BotRow, BotStore, StoredAuth } from '../store.ts'

export interface BotParts {
  engine: Engine
  /** Shared by all bots: those that connect by themselves do it in their turn. */
  handshakes: Handshakes
  store: BotStore
  clock: Clock
  log: Log
  random(): number
  /** Called after every change of what a bot shows; `state` is set when that changed and is news. */
  changed(bot: Bot, state: BotState | null): void
  /** A message that is kept under its digest, and one that is not. */
  arrived(bot: Bot, digest: string, message: Message): void
  heard(bot: Bot, message: Message): void
  progressed(bot: Bot, messageId: string, progress: Progress): void
  refused(bot: Bot, messageId: string, refusal: Fault): void
  sent(bot: Bot, messageId: string): Uint8Array | null
  /** Where a person uses a passkey; null while that is not wanted. */
  authenticator(): Authenticator | null
  /** The other bot that is linked to the number, null when there is none. */
  takenBy(number: string, except: string): string | null
  /** Runs work in the room's own scope. */
  outside<Result>(work: () => Result): Result
}

/** Faults of the library in a row, and starts in a row that end by throwing, after which a bot is set aside. */
const [mostFaults, mostStarts] = [5, 2]

export class Bot {
  readonly row: BotRow
  readonly auth: StoredAuth
  private readonly parts: BotParts
  private readonly desk: PairingDesk
  private readonly line: Line
  private readonly reconnect: Reconnect
  private readonly waiting = new Set<() => void>()
  private turn: Promise<unknown> = Promise.resolve()
  /** Its link, or the proxy it must not go without, was sealed under a key that is not here. */
  isLocked = false
  private startsFailed = 0
  /** The connection was lost, that was told, and it is not back. */
  private isAway = false
  /** While unlinking: how the connection closed, if it did; that alone does not decide what follows. */
  private unlinking: { closed: { code: number; words: string } | null } | null = null

  constructor(row: BotRow, parts: BotParts) {
    this.row = row
    this.parts = parts
    this.auth = parts.store.auth(row.userId)
    this.isLocked = this.looksLocked()
    this.reconnect = new Reconnect(parts)
    this.line = new Line({
      ...{ userId: row.userId, engine: parts.engine, handshakes: parts.handshakes, auth: this.auth, events: this.events() },
      faulted: (reason) => this.faulted(reason),
      outside: (work) => parts.outside(work),
    })
    this.desk = new PairingDesk({
      ...{ engine: parts.engine, clock: parts.clock, authenticator: () => parts.authenticator() },
      changed: () => {
        parts.changed(this, null)
        this.tell()
      },
      failed: (reason) => this.giveUp(reason),
    })
  }

  get state(): BotState {
    return this.row.state
  }

  get pairing(): Pairing | null {
    return this.desk.current
  }

  get attempt(): number {
    return this.reconnect.attempt
  }

  /** When the next attempt comes, while reconnecting. */
  get retryAt(): number | null {
    return this.reconnect.at
  }

  /** A link that is locked is one. */
  get isLinked(): boolean {
    return this.isLocked || this.parts.engine.isLinked(this.auth)
  }

  /** The live connection, for sending; null unless online. */
  get live(): Connection | null {
    return this.state === 'online' ? this.line.connection : null
  }

  /** Runs it; one that runs goes on as it is, one that waits for its next attempt tries now. */
  start(): Promise<void> {
    return this.exclusive(async () => {
      this.want(true)
      if (isRunning(this.state) && this.state !== 'reconnecting') return
      this.reconnect.startOver()
      await this.connect()
    })
  }

  /** After the room was started: the keys that are here may be others now, and no connection has outlived the room. */
  wake(): void {
    Object.assign(this.row, { lockedProxy: undefined, ...this.parts.store.reopen(this.row) })
    const wasLocked = this.isLocked
    this.isLocked = this.looksLocked()
    if (this.isLocked) this.showLocked()
    else if (wasLocked || (isRunning(this.state) && this.line.connection === null))
      Object.assign(this.row, { state: 'stopped', reason: null })
  }

  /** Runs it again after a restart of the app, in its turn. */
  resume(): void {
    if (!this.isLocked) this.connectInTurn()
  }

  /** Gives up what is locked, for good: the phone keeps showing a device that nobody can log in as until it is removed there. */
  giveUpLocked(): Promise<void> {
    return this.exclusive(async () => {
      if (!this.isLocked) return
      await this.endConnection()
      this.forgetLink()
      this.row.wanted = false
      Object.assign(this.row, {
        state: 'stopped',
        reason: 'What was locked has been given up; pair the bot again, and remove its old device on the phone',
        since: this.parts.clock.now(),
      })
      this.save()
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
      this.reconnect.startOver()
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
      if (this.isLinked && !this.isLocked && this.state !== 'logged_out')
        throw new Fault('link-still-good', 'This session is linked: start it, or unlink it first')
      await this.halt(null)
      this.forgetLink()
      this.want(true)
      this.reconnect.startOver()
      await this.connect()
    })
  }

  /** Ends the connection but remembers that it was to run. */
  suspend(): Promise<void> {
    return this.exclusive(() => this.endConnection())
  }

  /**
   * Unlinks it on the phone too. Throws `unlink-unconfirmed` when WhatsApp has not confirmed it; everything is kept then.
   */
  unlink(within: number): Promise<void> {
    return this.exclusive(async () => {
      // Unlinked there already, or never linked: there is nothing left to undo.
      if (this.state === 'logged_out' || !this.isLinked) return this.halt(null)
      if (this.isLocked) throw new Fault('unlink-unconfirmed', `${lockedWords} Until then it cannot be unlinked; the session was kept`)
      if (this.live === null) {
        this.reconnect.startOver()
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
    this.desk.confirmPasskey()
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
    await this.endConnection()
    if (this.state !== 'stopped') this.become('stopped', reason)
  }

  private async endConnection(): Promise<void> {
    this.reconnect.cancel()
    this.desk.end()
    await this.line.end()
  }

  /** When nobody waits for it: a stop or a start of a person meanwhile comes first. */
  private connectInTurn(): void {
    this.line.inTurn((handshake) => {
      this.unattended(() => {
        const mine = handshake()
        return mine === null ? undefined : this.connect(mine, true)
      })
    })
  }

  /** `alone`: nobody waits for it, so one that fails is worth a second try. */
  private async connect(handshake: End = this.parts.handshakes.take(), alone = false): Promise<void> {
    await this.endConnection()
    if (this.isLocked) {
      handshake()
      return this.showLocked()
    }
    this.become('starting', null)
    try {
      await this.line.open({ proxy: this.row.proxy, passkeyPatience: this.desk.patience }, handshake)
      this.startsFailed = 0
    } catch (error) {
      this.parts.log.error({ bot: this.row.userId, error }, 'a bot could not be started')
      this.startsFailed += 1
      const reason = `It could not be started: ${reasonOf(error)}`
      if (alone && this.startsFailed < mostStarts) this.tryLater(reason)
      else this.become('failed', reason)
    }
  }

  /** Something that WhatsApp sent made the library throw where nobody looks. The connection is over; its link is as good as before. */
  private faulted(reason: string): void {
    this.desk.end()
    const faults = this.reconnect.faulted()
    const words = `The connection failed over something it was sent: ${reason}`
    if (faults < mostFaults && (this.isLinked || faults < mostStarts)) return this.tryLater(words)
    this.become('failed', `It was set aside after ${faults} faults in a row; start it to try again. ${words}`)
  }

  private looksLocked(): boolean {
    return this.row.lockedProxy !== undefined || this.auth.isLocked()
  }

  /** Shown and not written: with the key it is again what it was. */
  private showLocked(): void {
    Object.assign(this.row, {
      state: 'failed',
      reason: lockedWords,
      since: this.state === 'failed' ? this.row.since : this.parts.clock.now(),
    })
    this.parts.changed(this, null)
    this.tell()
  }

  private forgetLink(): void {
    this.auth.replace([])
    if (this.row.lockedProxy !== undefined) Object.assign(this.row, { lockedProxy: undefined, proxy: null })
    this.row.linkedAt = null
    this.isLocked = false
  }

  private tryLater(reason: string): void {
    this.reconnect.later(() => this.connectInTurn())
    this.become('reconnecting', reason)
  }

  /** For what nobody waits for. */
  private unattended(work: () => Promise<void> | undefined): void {
    this.exclusive(work).catch((error: unknown) => {
      this.parts.log.error({ bot: this.row.userId, error }, 'a bot could not go on')
      this.become('failed', `It could not go on: ${reasonOf(error)}`)
    })
  }

  private events(): EngineEvents {
    return {
      qr: (text) => this.showQr(text),
      linked: () => {
        this.row.linkedAt = this.parts.clock.now()
        this.desk.end()
        this.save()
      },
      open: (me) => this.opened(me),
      closed: (code, words) => this.closed(code, words),
      passkeyDemanded: (options) => this.line.attached(() => this.desk.usePasskey(this.line.connection, options)),
      passkeyCode: (code, mustConfirm) => this.desk.passkeyCodeCame(code, mustConfirm),
      passkeyFailed: (reason) => this.giveUp(reason),
      name: (name) => {
        if (name === this.row.name) return
        this.row.name = name
        this.save()
      },
      arrived: (digest, message) => this.parts.arrived(this, digest, message),
      message: (message) => this.parts.heard(this, message),
      progress: (messageId, progress) => this.parts.progressed(this, messageId, progress),
      refused: (messageId, refusal) => this.parts.refused(this, messageId, refusal),
      sent: (messageId) => this.parts.sent(this, messageId),
    }
  }

  private showQr(text: string): void {
    if (!this.desk.showQr(text)) return this.parts.changed(this, null)
    this.become('pairing', null)
    if (this.line.connection !== null) this.desk.askForCode(this.line.connection, this.row.phoneNumber)
  }

  private opened({ number, name }: Me): void {
    const other = this.parts.takenBy(number, this.row.userId)
    if (other !== null) {
      this.unattended(() => this.refuseSecondLink(number, other))
      return
    }
    this.row.phoneNumber = number === '' ? this.row.phoneNumber : number
    this.row.name = name ?? this.row.name
    this.row.linkedAt ??= this.parts.clock.now()
    this.reconnect.cameOnline()
    this.become('online', null)
  }

  /** Linked by QR with a phone whose number another bot has: two of them would take each other's messages. */
  private async refuseSecondLink(number: string, other: string): Promise<void> {
    this.unlinking = { closed: null }
    await this.line.connection?.unlink(10_000)
    this.unlinking = null
    await this.endConnection()
    this.auth.replace([])
    this.row.linkedAt = null
    this.become('failed', `The number ${number} is linked here already, as ${other}`)
  }

  private closed(code: number, words: string): void {
    if (this.unlinking !== null) return void (this.unlinking.closed = { code, words })
    const pairing = this.pairing === null ? 'none' : this.pairing.passkey === null ? 'code' : 'passkey'
    this.desk.end()
    const { then, reason } = closingOf(code, words, { isLinked: this.isLinked, pairing, attempt: this.attempt })
    if (then === 'restart') return this.unattended(() => (this.row.wanted ? this.connect() : undefined))
    if (then === 'retry') this.tryLater(reason)
    else this.become(then, reason)
  }

  private giveUp(reason: string): void {
    this.unattended(async () => {
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
    const isAttempt = this.isAway && (state === 'starting' || state === 'reconnecting')
    this.isAway = isAttempt || state === 'reconnecting'
    // Away since the loss, however often it was tried meanwhile.
    Object.assign(row, { state, reason, since: isAttempt ? row.since : parts.clock.now() })
    // What cannot go on by itself is not tried again by a restart of the app either.
    if (needsPerson(state)) row.wanted = false
    try {
      if (isAttempt) parts.store.update(row)
      else parts.store.saveState(row)
    } catch (error) {
      // A disk that refuses must not leave a bot between two states; the next change writes this one too.
      parts.log.error({ bot: row.userId, state, error }, 'the state of a bot could not be written')
    }
    parts.changed(this, isAttempt ? null : state)
    this.tell()
  }

  private tell(): void {
    for (const look of this.waiting) look()
  }
}
