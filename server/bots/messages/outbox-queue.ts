/**
 * One bot's queue: one message after the other, with pauses, a daily limit, and a look whether a stranger is there at all.
 *
 * What holds:
 * - A message is sent when WhatsApp has said that it has it. One that was under way when the connection or this program ended goes out
 *   again under the same id, which the receiver's device takes for one.
 * - A refusal ends a message with the reason. One that passes (429, 503) pauses the bot's queue, longer each time, and loses nothing.
 */
import type { Clock } from '../../clock.ts'
import type { Fault } from '../../fault.ts'
import { BotFault } from '../fault.ts'
import { escape, reasonOf } from '../../isolation.ts'
import { nextState } from '../../lifecycle.ts'
import type { Log } from '../../log.ts'
import type { Bot } from '../bot/bot.ts'
import { numberOf } from '../engine/address.ts'
import type { Connection } from '../engine/engine.ts'
import type { Progress } from '../engine/message.ts'
import type { LogStore } from './log-store.ts'
import type { OutboxRow, OutboxStore } from './outbox-store.ts'
import { unpack } from '../outgoing/packed.ts'
import { isOver, outgoingLifecycle, type OutgoingEvent } from './outgoing-lifecycle.ts'

export interface OutboxQueueParts {
  store: OutboxStore
  chats: Pick<LogStore, 'meet' | 'knows'>
  clock: Clock
  log: Log
  random(): number
  pace(bot: Bot): Pace
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
    if (this.#isWorking || this.#timer !== undefined || this.bot.live === null || this.#parts.store.waiting(this.#userId) === 0) return
    const wait = Math.max(0, this.#nextAt - this.#parts.clock.monotonic(), this.#untilBelowCap())
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
    const { store, clock, chats, onSettled } = this.#parts
    const [next, connection] = [store.next(this.#userId), this.bot.live]
    if (next === null || connection === null) return
    const { row, content } = next
    const { chat, messageId } = row
    if (content === null) return this.#fail(row, 'It was sealed under a key that is not here any more, so its words are lost')
    this.#handle(row, 'taken', null)
    try {
      if (!(await this.#mayWrite(chat, connection))) return this.#fail(row, 'This number has no WhatsApp account')
      const { content: unpacked, replyTo } = unpack(content)
      const { encoded, confirmed } = await connection.send(chat, unpacked, { id: messageId, replyTo })
      store.keepEncoded(this.#userId, messageId, encoded)
      await confirmed
      store.setSent(this.#userId, messageId, clock.now())
      this.#hold = null
      chats.meet(this.#userId, chat)
      onSettled(this.#userId, 'sent')
      this.#tell(messageId)
    } catch (error) {
      // A connection that was lost meanwhile sends it again when it is back.
      if (this.bot.live === connection) this.#onProblem(messageId, error)
    }
  }

  /** False when the message has arrived, or was given up, before. */
  #onProblem(messageId: string, error: unknown): boolean {
    const { store, clock } = this.#parts
    const row = store.find(this.#userId, messageId)
    if (row === undefined || isOver(row.status)) return false
    const { times = 0, unanswered = 0 } = this.#hold ?? {}
    const isSilence = BotFault.is(error, 'message-unanswered')
    const isHeld = BotFault.is(error, 'message-held')
    if (!isHeld && !BotFault.is(error, 'connection-lost') && !(isSilence && unanswered + 1 < mostUnanswered)) {
      this.#hold = null
      this.#fail(row, reasonOf(error))
      return true
    }
    const wait = this.#backOff(times + 1)
    this.#hold = { until: clock.now() + wait, times: times + 1, unanswered: isSilence ? unanswered + 1 : 0 }
    this.#nextAt = clock.monotonic() + wait
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

  /** A first message to a number that is not there is one of the things accounts are restricted for. */
  async #mayWrite(chat: string, connection: Connection): Promise<boolean> {
    const number = numberOf(chat)
    return number === null || this.#parts.chats.knows(this.#userId, chat) || connection.isKnown(number)
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
