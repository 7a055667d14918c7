/**
 * One bot's queue: one message after the other, with pauses, a daily limit, and a look whether a stranger is there at all.
 *
 * What holds:
 * - A message is sent when WhatsApp has said that it has it. One that was under way when the connection or this program ended goes out
 *   again under the same id, which the receiver's device takes for one.
 * - A refusal ends a message with the reason. One that passes (429, 503) pauses the bot's queue, longer each time, and loses nothing.
 * - A stranger's number is looked up first. Where WhatsApp refuses to answer that, or lets the account begin no new
 *   chats, what is for strangers waits, and the rest goes on.
 */
import type { Clock } from '../../clock.ts'
import type { Fault } from '../../fault.ts'
import { BotFault } from '../fault.ts'
import { escape, reasonOf } from '../../isolation.ts'
import { nextState } from '../../lifecycle.ts'
import type { Log } from '../../log.ts'
import type { Bot } from '../bot/bot.ts'
import { chatOf, numberOf } from '../engine/address.ts'
import type { Bytes } from '../engine/bytes.ts'
import type { Connection } from '../engine/engine.ts'
import type { Progress } from '../engine/message.ts'
import type { People } from '../people/people.ts'
import type { LogStore } from './log-store.ts'
import type { OutboxRow, OutboxStore } from './outbox-store.ts'
import type { Content } from '../engine/outgoing.ts'
import { unpack } from '../outgoing/packed.ts'
import { lateness } from '../outgoing/time-limits.ts'
import type { Timers } from '../contacts/chats-store.ts'
import { isOver, outgoingLifecycle, type OutgoingEvent } from './outgoing-lifecycle.ts'

export interface OutboxQueueParts {
  store: OutboxStore
  chats: Pick<LogStore, 'meet' | 'knows'>
  people: Pick<People, 'of'>
  /** A file that a message waits with; null when it is gone. */
  file(userId: string, id: string): Bytes | null
  timers: Pick<Timers, 'of'>
  clock: Clock
  log: Log
  random(): number
  pace(bot: Bot): Pace
  /** Until when WhatsApp lets the bot begin no new chats; null while it does. */
  restrictedUntil(bot: Bot): number | null
  /** Ms that a queue is paused when WhatsApp has held it up so many times in a row; 30 s doubling to 15 min when left out. */
  backOff?(times: number): number
  /** It was written to WhatsApp, or has failed for good. */
  onSettled(userId: string, how: 'sent' | 'failed'): void
  /** A message has come further, or failed. */
  onProgress(userId: string, row: OutboxRow): void
}

/** How fast and how much a bot may send; WhatsApp restricts accounts that behave like machines. */
export interface Pace {
  /** Ms between two messages at least; up to half as much again is added by chance. */
  pause: number
  /** Messages in any 24 hours. */
  dailyCap: number
}

/** WhatsApp has held the queue up: until when, how often in a row, and how often of that by saying nothing. */
interface Hold {
  /** Whom it concerns. */
  whom: 'all' | 'strangers'
  until: number
  times: number
  unanswered: number
}

const day = 86_400_000
/** Times that a message may stay without an answer. */
const mostUnanswered = 5

export class OutboxQueue {
  readonly bot: Bot
  readonly #parts: OutboxQueueParts
  #timer: NodeJS.Timeout | undefined
  #isWorking = false
  /** By the monotonic clock. */
  #nextAt = 0
  #hold: Hold | null = null
  /** The timer waits until strangers may be written to, and for nothing else. */
  #awaitsStrangers = false
  /** Chats of whose number WhatsApp was asked. */
  readonly #lookedUp = new Set<string>()
  /** Chats that WhatsApp takes for new ones while it lets the account begin none. */
  readonly #refused = new Set<string>()

  constructor(bot: Bot, parts: OutboxQueueParts) {
    this.bot = bot
    this.#parts = parts
  }

  /** Until when WhatsApp has held it up; null while it has not. */
  get heldUntil(): number | null {
    const until = this.#hold?.until
    return until === undefined || until <= this.#parts.clock.now() ? null : until
  }

  /** When the daily limit lets the next message go; null while it is not reached. */
  get cappedUntil(): number | null {
    const wait = this.#untilBelowCap()
    return wait === 0 ? null : this.#parts.clock.now() + wait
  }

  /** Messages of the last 24 hours, which the daily limit counts. */
  get sentToday(): number {
    return this.#sentSinceYesterday().count
  }

  /** Sends what waits, as soon as it may be. */
  pump(): void {
    const { store, clock } = this.#parts
    if (this.#timer !== undefined && this.#awaitsStrangers) this.stop()
    if (this.#isWorking || this.#timer !== undefined || this.bot.live === null || store.waiting(this.#userId) === 0) return
    const strangers = this.#untilStrangers()
    this.#awaitsStrangers = strangers > 0 && !store.hasAcquainted(this.#userId, [...this.#refused])
    const wait = Math.max(0, this.#nextAt - clock.monotonic(), this.#untilBelowCap(), this.#awaitsStrangers ? strangers : 0)
    if (wait === 0) return void this.#work().catch(escape)
    // A timer cannot wait longer than 24 days; a day is the longest there is.
    this.#timer = setTimeout(() => this.lookAgain(), wait)
  }

  /** The pace may have changed, or the wait is over. */
  lookAgain(): void {
    this.stop()
    this.pump()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  onProgress(messageId: string, progress: Progress): void {
    const row = this.#parts.store.find(this.#userId, messageId)
    if (row !== undefined && this.#handle(row, progress, null)) this.#tell(messageId)
  }

  /** What an earlier connection has sent did not get through. */
  onRefusal(messageId: string, refusal: Fault): void {
    if (this.#onProblem(messageId, refusal)) this.pump()
  }

  get #userId(): string {
    return this.bot.row.userId
  }

  #sentSinceYesterday(): { count: number; first: number | null } {
    return this.#parts.store.sentSince(this.#userId, this.#parts.clock.now() - day)
  }

  #untilBelowCap(): number {
    const { clock, pace } = this.#parts
    const { count, first } = this.#sentSinceYesterday()
    return count < pace(this.bot).dailyCap || first === null ? 0 : Math.max(1, first + day - clock.now())
  }

  /** Ms until strangers may be written to. */
  #untilStrangers(): number {
    const { clock, restrictedUntil } = this.#parts
    const restricted = restrictedUntil(this.bot)
    if (restricted === null) this.#refused.clear()
    const until = Math.max(restricted ?? 0, this.#hold?.whom === 'strangers' ? this.#hold.until : 0)
    return Math.max(0, until - clock.now())
  }

  async #work(): Promise<void> {
    const { clock, random, pace, log } = this.#parts
    this.#isWorking = true
    try {
      await this.#sendNext()
    } catch (error) {
      log.error({ bot: this.#userId, error }, 'the queue of a bot failed over a message')
    } finally {
      const { pause } = pace(this.bot)
      this.#nextAt = Math.max(this.#nextAt, clock.monotonic() + pause + (random() * pause) / 2)
      this.#isWorking = false
    }
    this.pump()
  }

  async #sendNext(): Promise<void> {
    const { store, clock, chats, timers, onSettled } = this.#parts
    const [next, connection] = [store.next(this.#userId, this.#untilStrangers() === 0 ? null : [...this.#refused]), this.bot.live]
    if (next === null || connection === null) return
    const { row, content } = next
    const { messageId } = row
    if (content === null) return this.#fail(row, 'It was sealed under a key that is not here any more, so its words are lost')
    this.#handle(row, 'taken', null)
    try {
      const chat = await this.#receiver(row.chat, connection)
      if (chat === null) return this.#fail(row, 'This number has no WhatsApp account')
      const outgoing = unpack(content, (id) => this.#parts.file(this.#userId, id))
      if (outgoing === null) return this.#fail(row, 'The file that it was to carry is gone')
      const { content: unpacked, replyTo } = outgoing
      const late = this.#tooLate(unpacked)
      if (late !== null) return this.#fail(row, late)
      const { encoded, confirmed } = await connection.send(chat, unpacked, { id: messageId, replyTo, timer: timers.of(this.#userId, chat) })
      store.keepEncoded(this.#userId, messageId, encoded)
      await confirmed
      store.setSent(this.#userId, messageId, clock.now())
      // One to an acquaintance says nothing about strangers.
      if (this.#hold?.whom !== 'strangers' || this.#hold.until <= clock.now()) this.#hold = null
      chats.meet(this.#userId, chat)
      onSettled(this.#userId, 'sent')
      this.#tell(messageId)
    } catch (error) {
      // A connection that was lost meanwhile sends it again when it is back.
      if (this.bot.live === connection) this.#onProblem(messageId, error)
    }
  }

  /** It may have waited for longer than what it is about can be changed. */
  #tooLate(content: Content): string | null {
    if (content.type !== 'edit' && content.type !== 'delete') return null
    const about = this.#parts.store.find(this.#userId, content.of.id)
    if (about?.status === 'failed') return 'What it is about was never sent'
    return lateness(content.type, about?.sentAt ?? null, this.#parts.clock.now())
  }

  /** False when the message has arrived, or was given up, before. */
  #onProblem(messageId: string, error: unknown): boolean {
    const { store, clock } = this.#parts
    const row = store.find(this.#userId, messageId)
    if (row === undefined || isOver(row.status)) return false
    if (BotFault.is(error, 'account-restricted')) {
      this.#refused.add(row.chat)
      this.#handle(row, 'held', reasonOf(error))
      this.#tell(messageId)
      return true
    }
    const { times = 0, unanswered = 0 } = this.#hold ?? {}
    const isLookup = BotFault.is(error, 'lookup-held') || BotFault.is(error, 'lookup-refused')
    const isSilence = BotFault.is(error, 'message-unanswered') || BotFault.is(error, 'lookup-refused')
    const isHeld = BotFault.is(error, 'message-held') || isLookup
    const isToComeAgain = isSilence ? unanswered + 1 < mostUnanswered : isHeld || BotFault.is(error, 'connection-lost')
    if (!isToComeAgain) {
      this.#hold = null
      this.#fail(row, reasonOf(error))
      return true
    }
    const wait = this.#backOff(times + 1)
    const whom = isLookup ? 'strangers' : 'all'
    this.#hold = { whom, until: clock.now() + wait, times: times + 1, unanswered: isSilence ? unanswered + 1 : 0 }
    if (whom === 'all') this.#nextAt = clock.monotonic() + wait
    this.#handle(row, isHeld ? 'held' : 'unanswered', reasonOf(error))
    this.#tell(messageId)
    return true
  }

  #backOff(times: number): number {
    const { backOff, random } = this.#parts
    if (backOff !== undefined) return backOff(times)
    const full = Math.min(15 * 60_000, 30_000 * 2 ** (times - 1))
    return full / 2 + (random() * full) / 2
  }

  /**
   * The chat that WhatsApp names for it, null where there is nobody: a first message to a number that is not there is one of the things
   * accounts are restricted for. Of whom both ids are known nothing is asked.
   */
  async #receiver(chat: string, connection: Connection): Promise<string | null> {
    const number = numberOf(chat)
    const people = this.#parts.people.of(this.#userId)
    const isKnown = this.#parts.chats.knows(this.#userId, chat)
    if (number === null || (isKnown && (this.#lookedUp.has(chat) || people.hiddenIdOf(chat) !== null))) return chat
    try {
      const account = await connection.lookUp(number)
      if (account === null) return isKnown ? chat : null
      const found = people.idOf(chatOf(account.number))
      this.#lookedUp.add(found)
      return found
    } catch (error) {
      // With somebody who is no stranger nothing depends on the answer.
      if (isKnown && (BotFault.is(error, 'lookup-held') || BotFault.is(error, 'lookup-refused'))) return chat
      throw error
    }
  }

  #fail(row: OutboxRow, problem: string): void {
    this.#handle(row, 'refused', problem)
    this.#parts.onSettled(this.#userId, 'failed')
    this.#tell(row.messageId)
  }

  /** True when it has led to another state. */
  #handle({ messageId, status, problem: known }: OutboxRow, event: OutgoingEvent, problem: string | null): boolean {
    const { store, clock, log } = this.#parts
    const next = nextState(outgoingLifecycle, status, event, undefined)
    if (next === null) log.warn({ bot: this.#userId, message: messageId, status, event }, 'the life of a message has no such transition')
    else if (next !== status || problem !== known) store.setStatus(this.#userId, messageId, next, problem, clock.now())
    return next !== null && next !== status
  }

  #tell(messageId: string): void {
    const row = this.#parts.store.find(this.#userId, messageId)
    if (row !== undefined) this.#parts.onProgress(this.#userId, row)
  }
}
