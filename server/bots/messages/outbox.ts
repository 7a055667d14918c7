/**
 * Each bot's queue: one message after the other, with pauses, a daily limit, and a look whether a stranger is there at all.
 *
 * What holds:
 * - A message is sent when WhatsApp has said that it has it. One that was under way when the connection or this program ended goes out again under the
 *   same id, which the receiver's device takes for one.
 * - A refusal ends a message with the reason. One that passes (429, 503) pauses the bot's queue, longer each time, and loses nothing.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Fault } from '../../fault.ts'
import { BotFault } from '../fault.ts'
import { escape, reasonOf } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import type { Bot } from '../bot/bot.ts'
import type { Connection } from '../engine/engine.ts'
import type { Content, MessageKey, Progress } from '../engine/message.ts'
import type { LogStore } from './log-store.ts'
import type { MessageStore, OutboxRow } from './outbox-store.ts'

export interface Outgoing {
  chat: string
  content: Content
  replyTo: (MessageKey & { text: string }) | null
  idempotencyKey: string | null
}

/** How fast and how much a bot may send; WhatsApp restricts accounts that behave like machines. */
export interface Pace {
  /** Ms between two messages at least; up to half as much again is added by chance. */
  pause: number
  /** Messages in any 24 hours. */
  dailyCap: number
}

export interface OutboxParts {
  store: MessageStore
  chats: Pick<LogStore, 'meet' | 'knows'>
  clock: Clock
  log: Log
  random(): number
  pace(bot: Bot): Pace
  newMessageId(): string
  /** Ms that a queue is paused when WhatsApp has held it up so many times in a row; 30 s doubling to 15 min when left out. */
  backOff?(times: number): number
  /** It was written to WhatsApp, or has failed for good. */
  settled(userId: string, how: 'sent' | 'failed'): void
  /** A message has come further, or failed. */
  progressed(userId: string, row: OutboxRow): void
}

const day = 86_400_000
/** A queue that has grown to this will not be worked off; saying so early helps more. */
const longestQueue = 10_000
/** Times that a message may stay without an answer. */
const mostUnanswered = 5
/** How far a message has come; news that is older than what is known changes nothing. */
const order: Readonly<Record<OutboxRow['status'], number>> = { queued: 0, sending: 1, failed: 1, sent: 2, delivered: 3, read: 4 }

export class Outbox {
  private readonly parts: OutboxParts
  private readonly timers = new Map<string, NodeJS.Timeout>()
  private readonly working = new Set<string>()
  private readonly nextAt = new Map<string, number>()
  /** Queues that WhatsApp has held up, since when and how often in a row. */
  private readonly held = new Map<string, { until: number; times: number; unanswered: number }>()

  constructor(parts: OutboxParts) {
    this.parts = parts
  }

  /**
   * Queues a message; a repeated call with the same key answers with the first one's row.
   *
   * Throws `idempotency-mismatch` when the key came with another message before, and `queue-full`.
   */
  add(bot: Bot, { chat, content, replyTo, idempotencyKey }: Outgoing): OutboxRow {
    const { store, clock, newMessageId } = this.parts
    const { userId } = bot.row
    const text = JSON.stringify({ content: 'data' in content ? { ...content, data: content.data.toString('base64') } : content, replyTo })
    const fingerprint = createHash('sha256').update(chat).update('\0').update(text).digest('hex')
    const known = idempotencyKey === null ? undefined : store.byKey(userId, idempotencyKey)
    if (known !== undefined) {
      if (known.fingerprint !== fingerprint) throw new BotFault('idempotency-mismatch', 'This Idempotency-Key was used for another message')
      return known
    }
    if (store.waiting(userId) >= longestQueue) throw new BotFault('queue-full', `${longestQueue} messages wait already`)
    const messageId = newMessageId()
    store.add(userId, { messageId, chat, kind: content.type, content: text, idempotencyKey, fingerprint, now: clock.now() })
    this.pump(bot)
    return this.row(userId, messageId)
  }

  /** Throws `message-not-found`. */
  row(userId: string, messageId: string): OutboxRow {
    const row = this.parts.store.find(userId, messageId)
    if (row === undefined) throw new BotFault('message-not-found', 'No such message')
    return row
  }

  /** Sends what waits, as soon as it may be. Called when a bot comes online and when something is queued. */
  pump(bot: Bot): void {
    const { userId } = bot.row
    if (this.working.has(userId) || this.timers.has(userId) || bot.live === null || this.parts.store.waiting(userId) === 0) return
    const wait = Math.max(0, (this.nextAt.get(userId) ?? 0) - this.parts.clock.monotonic(), this.untilBelowCap(bot))
    if (wait === 0) return void this.work(bot).catch(escape)
    // A timer cannot wait longer than 24 days; a day is the longest there is.
    this.timers.set(
      userId,
      setTimeout(() => {
        this.timers.delete(userId)
        this.pump(bot)
      }, wait),
    )
  }

  /** When the daily limit lets the next message go; null while it is not reached. */
  cappedUntil(bot: Bot): number | null {
    const wait = this.untilBelowCap(bot)
    return wait === 0 ? null : this.parts.clock.now() + wait
  }

  /** Until when WhatsApp has held up the queue; null while it has not. */
  heldUntil(bot: Bot): number | null {
    const until = this.held.get(bot.row.userId)?.until
    return until === undefined || until <= this.parts.clock.now() ? null : until
  }

  progress(userId: string, messageId: string, progress: Progress): void {
    const { store, clock } = this.parts
    const row = store.find(userId, messageId)
    if (row === undefined || order[progress] <= order[row.status]) return
    store.setStatus(userId, messageId, progress, null, clock.now())
    this.parts.progressed(userId, this.row(userId, messageId))
  }

  /** What an earlier connection has sent did not get through. */
  refused(bot: Bot, messageId: string, refusal: Fault): void {
    const row = this.parts.store.find(bot.row.userId, messageId)
    if (row === undefined || order[row.status] > order.sent || row.status === 'failed') return
    this.stumbled(bot, messageId, refusal)
    this.pump(bot)
  }

  forget(userId: string): void {
    clearTimeout(this.timers.get(userId))
    this.timers.delete(userId)
    this.nextAt.delete(userId)
    this.held.delete(userId)
  }

  stop(): void {
    for (const timer of this.timers.values()) clearTimeout(timer)
    this.timers.clear()
  }

  /** Of the last 24 hours, which the daily limit counts. */
  sentToday({ row }: Bot): number {
    return this.parts.store.sentSince(row.userId, this.parts.clock.now() - day).count
  }

  /** The pace has changed: what waits is looked at anew. */
  repace(bot: Bot): void {
    clearTimeout(this.timers.get(bot.row.userId))
    this.timers.delete(bot.row.userId)
    this.pump(bot)
  }

  private untilBelowCap(bot: Bot): number {
    const { store, clock, pace } = this.parts
    const { count, first } = store.sentSince(bot.row.userId, clock.now() - day)
    return count < pace(bot).dailyCap || first === null ? 0 : Math.max(1, first + day - clock.now())
  }

  private async work(bot: Bot): Promise<void> {
    const { userId } = bot.row
    const { clock, random, pace, log } = this.parts
    this.working.add(userId)
    try {
      await this.sendNext(bot)
    } catch (error) {
      log.error({ bot: userId, error }, 'the queue of a bot stumbled')
    } finally {
      const { pause } = pace(bot)
      this.nextAt.set(userId, Math.max(this.nextAt.get(userId) ?? 0, clock.monotonic() + pause + (random() * pause) / 2))
      this.working.delete(userId)
    }
    this.pump(bot)
  }

  private async sendNext(bot: Bot): Promise<void> {
    const { store, clock } = this.parts
    const { userId } = bot.row
    const [next, connection] = [store.next(userId), bot.live]
    if (next === null || connection === null) return
    const { row, content } = next
    const { chat, messageId } = row
    if (content === null) return this.fail(userId, messageId, 'It was sealed under a key that is not here any more, so its words are lost')
    // Under the same id when it was cut off: the receiver's device takes the two for one.
    store.setStatus(userId, messageId, 'sending', null, clock.now())
    try {
      if (!(await this.mayWrite(userId, chat, connection))) return this.fail(userId, messageId, 'This number has no WhatsApp account')
      const { content: parsed, replyTo } = parse(content)
      const { encoded, confirmed } = await connection.send(chat, parsed, { id: messageId, replyTo })
      store.keepEncoded(userId, messageId, encoded)
      await confirmed
      store.setSent(userId, messageId, clock.now())
      this.held.delete(userId)
      this.parts.chats.meet(userId, chat)
      this.parts.settled(userId, 'sent')
      this.parts.progressed(userId, this.row(userId, messageId))
    } catch (error) {
      // A connection that was lost meanwhile sends it again when it is back.
      if (bot.live === connection) this.stumbled(bot, messageId, error)
    }
  }

  private stumbled(bot: Bot, messageId: string, error: unknown): void {
    const { store, clock } = this.parts
    const { userId } = bot.row
    const { times = 0, unanswered = 0 } = this.held.get(userId) ?? {}
    const isSilence = BotFault.is(error, 'message-unanswered')
    const comesAgain =
      BotFault.is(error, 'message-held') || BotFault.is(error, 'connection-lost') || (isSilence && unanswered + 1 < mostUnanswered)
    if (!comesAgain) {
      this.held.delete(userId)
      return this.fail(userId, messageId, reasonOf(error))
    }
    const wait = this.backOff(times + 1)
    this.held.set(userId, { until: clock.now() + wait, times: times + 1, unanswered: isSilence ? unanswered + 1 : 0 })
    this.nextAt.set(userId, clock.monotonic() + wait)
    // What came back waits in the place that it had; of what nobody answered for, nobody knows that it has not arrived.
    store.setStatus(userId, messageId, BotFault.is(error, 'message-held') ? 'queued' : 'sending', reasonOf(error), clock.now())
    this.parts.progressed(userId, this.row(userId, messageId))
  }

  private backOff(times: number): number {
    const { backOff, random } = this.parts
    if (backOff !== undefined) return backOff(times)
    const full = Math.min(15 * 60_000, 30_000 * 2 ** (times - 1))
    return full / 2 + (random() * full) / 2
  }

  /** A first message to a number that is not there is one of the things accounts are restricted for. */
  private async mayWrite(userId: string, chat: string, connection: Connection): Promise<boolean> {
    const [number = '', server] = chat.split('@')
    if (server !== 's.whatsapp.net' || this.parts.chats.knows(userId, chat)) return true
    return connection.isKnown(number)
  }

  private fail(userId: string, messageId: string, problem: string): void {
    this.parts.store.setStatus(userId, messageId, 'failed', problem, this.parts.clock.now())
    this.parts.settled(userId, 'failed')
    this.parts.progressed(userId, this.row(userId, messageId))
  }
}

/** What `add` has written. */
function parse(text: string): { content: Content; replyTo: (MessageKey & { text: string }) | null } {
  const { content, replyTo } = JSON.parse(text) as {
    content: Content & { data?: unknown }
    replyTo: (MessageKey & { text: string }) | null
  } // our own line, sealed since
  return {
    content: typeof content.data === 'string' ? ({ ...content, data: Buffer.from(content.data, 'base64') } as Content) : content,
    replyTo,
  } // the bytes that were made text above
}
