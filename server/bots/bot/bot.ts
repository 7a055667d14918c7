/**
 * One bot: what can be seen of it, and the verbs that change it. They come one after the other, so that two starts never open two sockets.
 * What is kept of it is in `record.ts`; what happens on its connection, and what follows from that, in `supervisor.ts`.
 */
import { waitFor } from '../../async/deadline.ts'
import { createSerialQueue } from '../../async/serial-queue.ts'
import { createSignal } from '../../async/signal.ts'
import type { Fault } from '../../fault.ts'
import { BotFault } from '../fault.ts'
import type { Happening } from '../engine/happenings.ts'
import type { Message, Progress } from '../engine/message.ts'
import type { Connection } from '../engine/engine.ts'
import type { KnownPeople } from '../engine/people.ts'
import type { Backups, BackupContent } from '../backups/backups.ts'
import type { BotState } from '../contract/native/views.ts'
import { lockedWords } from '../locked/locked.ts'
import type { Pairing } from '../pairing/pairing.ts'
import type { BotRow } from '../store.ts'
import { Trail } from '../trail/trail.ts'
import { isRunning } from './lifecycle.ts'
import { BotRecord, type BotFacts, type BotRecordParts } from './record.ts'
import { Supervisor, type SupervisorParts } from './supervisor.ts'

export interface BotParts
  extends
    Omit<BotRecordParts, 'onChange' | 'engine'>,
    Pick<SupervisorParts, 'engine' | 'handshakes' | 'random' | 'authenticator' | 'outside'> {
  /** Called after every change of what a bot shows; `state` is set when that changed and is news. */
  onChange(bot: Bot, state: BotState | null): void
  /** A message that is kept under its digest, and one that is not. */
  onArrival(bot: Bot, digest: string, message: Message): void
  onMessage(bot: Bot, message: Message): void
  onProgress(bot: Bot, messageId: string, progress: Progress): void
  onRefusal(bot: Bot, messageId: string, refusal: Fault): void
  onHappening(bot: Bot, happening: Happening): void
  sent(bot: Bot, messageId: string): Uint8Array | null
  /** Who is who among those it speaks with. */
  people(userId: string): KnownPeople
  /** The other bot that is linked to the number, null when there is none. */
  takenBy(number: string, except: string): string | null
}

export class Bot {
  /** What its connections have seen since the start of the app. */
  readonly trail: Trail
  readonly #record: BotRecord
  readonly #supervisor: Supervisor
  readonly #verbs = createSerialQueue()
  readonly #changes = createSignal()

  constructor(row: BotRow, parts: BotParts) {
    this.trail = new Trail(parts.clock)
    this.#record = new BotRecord(row, {
      ...{ engine: parts.engine, store: parts.store, clock: parts.clock, log: parts.log },
      onChange: (state) => {
        parts.onChange(this, state)
        this.#changes.emit()
      },
    })
    this.#supervisor = new Supervisor({
      ...{ engine: parts.engine, handshakes: parts.handshakes, clock: parts.clock, log: parts.log, record: this.#record },
      random: () => parts.random(),
      exclusive: (work) => this.#verbs.run(work),
      authenticator: () => parts.authenticator(),
      takenBy: (number) => parts.takenBy(number, row.userId),
      outside: (work) => parts.outside(work),
      onChange: () => {
        parts.onChange(this, null)
        this.#changes.emit()
      },
      onArrival: (digest, message) => parts.onArrival(this, digest, message),
      onMessage: (message) => parts.onMessage(this, message),
      onProgress: (messageId, progress) => parts.onProgress(this, messageId, progress),
      onRefusal: (messageId, refusal) => parts.onRefusal(this, messageId, refusal),
      onHappening: (happening) => parts.onHappening(this, happening),
      sent: (messageId) => parts.sent(this, messageId),
      trail: this.trail,
      people: peopleOutside(parts.people(row.userId), (work) => parts.outside(work)),
    })
  }

  get row(): Readonly<BotRow> {
    return this.#record.row
  }

  get state(): BotState {
    return this.#record.row.state
  }

  /** Its link, or the proxy it must not go without, was sealed under a key that is not here. */
  get isLocked(): boolean {
    return this.#record.isLocked
  }

  get isLinked(): boolean {
    return this.#record.isLinked
  }

  get pairing(): Pairing | null {
    return this.#supervisor.pairing
  }

  get attempt(): number {
    return this.#supervisor.attempt
  }

  /** When the next attempt comes, while reconnecting. */
  get retryAt(): number | null {
    return this.#supervisor.retryAt
  }

  /** The live connection, for sending; null unless online. */
  get live(): Connection | null {
    return this.#supervisor.live
  }

  /** Runs it; one that runs goes on as it is, one that waits for its next attempt tries now. */
  start(): Promise<void> {
    return this.#verbs.run(async () => {
      this.#record.want(true)
      if (!isRunning(this.state) || this.state === 'reconnecting') await this.#supervisor.start()
    })
  }

  /** `reason` in words for a person. */
  stop(reason: string | null = null): Promise<void> {
    return this.#verbs.run(() => {
      this.#record.want(false)
      return this.#halt(reason)
    })
  }

  restart(): Promise<void> {
    return this.#verbs.run(async () => {
      await this.#halt(null)
      this.#record.want(true)
      await this.#supervisor.start()
    })
  }

  /** The room was started: the keys that are here may be others now. */
  wake(): void {
    this.#record.reopen()
  }

  /** Runs it again after a restart of the room, in its turn; a person may have started or stopped it meanwhile. */
  resume(): void {
    if (!this.isLocked && this.row.wanted && !isRunning(this.state)) this.#supervisor.startInTurn()
  }

  /** The room stops: ends the connection, and remembers that it was to run. */
  suspend(): Promise<void> {
    return this.#verbs.run(async () => {
      try {
        await this.#supervisor.end()
      } finally {
        if (isRunning(this.state)) this.#record.handle('suspended')
      }
    })
  }

  /**
   * Gives up a link that WhatsApp has ended and asks for a new code; queue, log, rules and backups stay.
   *
   * Throws `link-still-good`: a link that may still be good would stay on the phone as a device that nobody can log in as.
   */
  pairAgain(): Promise<void> {
    return this.#verbs.run(async () => {
      if (this.isLinked && !this.isLocked && this.state !== 'logged_out')
        throw new BotFault('link-still-good', 'This session is linked: start it, or unlink it first')
      await this.#halt(null)
      this.#record.forgetLink()
      this.#record.want(true)
      await this.#supervisor.start()
    })
  }

  /** The person has seen the code of the passkey ceremony on the phone as well. Throws `nothing-to-confirm`. */
  confirmPasskey(): void {
    this.#supervisor.confirmPasskey()
  }

  /**
   * Unlinks it on the phone too. Throws `unlink-unconfirmed` when WhatsApp has not confirmed it; everything is kept then.
   */
  unlink(within: number): Promise<void> {
    return this.#verbs.run(async () => {
      // Unlinked there already, or never linked: there is nothing left to undo.
      if (this.state === 'logged_out' || !this.isLinked) return this.#halt(null)
      if (this.isLocked) throw new BotFault('unlink-unconfirmed', `${lockedWords} Until then it cannot be unlinked; the session was kept`)
      if (this.live === null) {
        await this.#supervisor.start()
        await this.settled(within, () => !isRunning(this.state) || this.state === 'online')
        if ((this.state as BotState) === 'logged_out') return
      }
      if (await this.#supervisor.unlink(within)) return this.#halt(null)
      throw new BotFault('unlink-unconfirmed', 'WhatsApp did not confirm that the device was unlinked; the session was kept')
    })
  }

  /** Gives up what is locked, for good: the phone keeps showing a device that nobody can log in as until it is removed there. */
  giveUpLocked(): Promise<void> {
    return this.#verbs.run(async () => {
      if (!this.isLocked) return
      await this.#supervisor.end()
      this.#record.giveUpLocked()
    })
  }

  /** What a person sets. */
  change(facts: Pick<BotFacts, 'label' | 'notes' | 'proxy' | 'settings'>): void {
    this.#record.change(facts)
  }

  /** Throws `nothing-to-back-up` when it was never linked. */
  backUp(backups: Pick<Backups, 'create'>): ReturnType<Backups['create']> {
    if (!this.isLinked) throw new BotFault('nothing-to-back-up', 'This session has no credentials to back up yet')
    return backups.create(this.row, this.#record.link)
  }

  /** Puts what `open` gives in the place of its link. Does not start it. Throws `bot-running`, and what `open` does. */
  restore(open: () => BackupContent): Promise<void> {
    return this.#verbs.run(() => {
      // Two holders of one identity would spoil each other's keys.
      if (isRunning(this.state)) throw new BotFault('bot-running', 'Stop the session before restoring it')
      this.#record.restore(open())
    })
  }

  /** Resolves when `holds`, or after `within` ms. */
  async settled(within: number, holds: () => boolean): Promise<void> {
    if (holds()) return
    await waitFor(within, (done) =>
      this.#changes.subscribe(() => {
        if (holds()) done()
      }),
    )
  }

  async #halt(reason: string | null): Promise<void> {
    await this.#supervisor.end()
    this.#record.stop(reason === null ? null : { cause: 'stopped', reason })
  }
}

/** What follows from it runs in the room's own scope, not in that of the connection over which it was heard. */
function peopleOutside(people: KnownPeople, outside: (work: () => void) => void): KnownPeople {
  return { ...people, learn: (pairs) => outside(() => people.learn(pairs)) }
}
