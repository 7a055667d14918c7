/** Messages that are to go out: taken in once, then sent by the queue of their bot. */
import { createHash } from 'node:crypto'
import type { Fault } from '../../fault.ts'
import { BotFault } from '../fault.ts'
import type { Bot } from '../bot/bot.ts'
import type { Progress } from '../engine/message.ts'
import { OutboxQueue, type OutboxQueueParts } from './outbox-queue.ts'
import type { OutboxRow } from './outbox-store.ts'
import { pack, type OutgoingContent } from '../outgoing/packed.ts'

export interface Outgoing extends OutgoingContent {
  chat: string
  idempotencyKey: string | null
  /** Says what was asked for, where the content itself is another each time, as the file of an address. */
  fingerprint?: string | null
}

export interface OutboxParts extends OutboxQueueParts {
  newMessageId(): string
}

/** A queue that has grown to this will not be worked off; saying so early helps more. */
const longestQueue = 10_000

export class Outbox {
  readonly #parts: OutboxParts
  readonly #queues = new Map<string, OutboxQueue>()

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  /**
   * Queues a message; a repeated call with the same key answers with the first one's row.
   *
   * Throws `idempotency-mismatch` when the key came with another message before, and `queue-full`.
   */
  add(bot: Bot, { chat: wanted, idempotencyKey, fingerprint: given = null, ...outgoing }: Outgoing): OutboxRow {
    const { store, people, clock, newMessageId } = this.#parts
    const { userId } = bot.row
    const content = pack(outgoing)
    const fingerprint = given ?? createHash('sha256').update(wanted).update('\0').update(content).digest('hex')
    const known = this.known(bot, idempotencyKey, fingerprint)
    if (known !== null) return known
    if (store.waiting(userId) >= longestQueue) throw new BotFault('queue-full', `${longestQueue} messages wait already`)
    const messageId = newMessageId()
    const chat = people.of(userId).idOf(wanted)
    const kind = outgoing.content.type
    const file = 'bytes' in outgoing.content ? outgoing.content.bytes.file : null
    store.add(userId, { messageId, chat, kind, content, file, idempotencyKey, fingerprint, now: clock.now() })
    this.pump(bot)
    return this.row(userId, messageId)
  }

  /** What the key was used for before; null when for nothing. Throws `idempotency-mismatch`. */
  known({ row }: Bot, idempotencyKey: string | null, fingerprint: string): OutboxRow | null {
    const known = idempotencyKey === null ? undefined : this.#parts.store.byKey(row.userId, idempotencyKey)
    if (known !== undefined && known.fingerprint !== fingerprint)
      throw new BotFault('idempotency-mismatch', 'This Idempotency-Key was used for another message')
    return known ?? null
  }

  /** Throws `message-not-found`. */
  row(userId: string, messageId: string): OutboxRow {
    const row = this.#parts.store.find(userId, messageId)
    if (row === undefined) throw new BotFault('message-not-found', 'No such message')
    return row
  }

  /** Sends what waits, as soon as it may be. Called when a bot comes online and when something is queued. */
  pump(bot: Bot): void {
    this.#queueOf(bot).pump()
  }

  /** When the daily limit lets the next message go; null while it is not reached. */
  cappedUntil(bot: Bot): number | null {
    return this.#queueOf(bot).cappedUntil
  }

  /** Until when WhatsApp has held up the queue; null while it has not. */
  heldUntil(bot: Bot): number | null {
    return this.#queueOf(bot).heldUntil
  }

  /** Of the last 24 hours, which the daily limit counts. */
  sentToday(bot: Bot): number {
    return this.#queueOf(bot).sentToday
  }

  /** The pace has changed: what waits is looked at anew. */
  repace(bot: Bot): void {
    this.#queueOf(bot).lookAgain()
  }

  onProgress(bot: Bot, messageId: string, progress: Progress): void {
    this.#queueOf(bot).onProgress(messageId, progress)
  }

  /** What an earlier connection has sent did not get through. */
  onRefusal(bot: Bot, messageId: string, refusal: Fault): void {
    this.#queueOf(bot).onRefusal(messageId, refusal)
  }

  forget(userId: string): void {
    this.#queues.get(userId)?.stop()
    this.#queues.delete(userId)
  }

  stop(): void {
    for (const queue of this.#queues.values()) queue.stop()
  }

  /** A bot that was made anew under the id of one that is gone has a queue of its own. */
  #queueOf(bot: Bot): OutboxQueue {
    const { userId } = bot.row
    const known = this.#queues.get(userId)
    if (known?.bot === bot) return known
    known?.stop()
    const queue = new OutboxQueue(bot, this.#parts)
    this.#queues.set(userId, queue)
    return queue
  }
}
