/** What bots hear and send: kept in the log where that is wanted, and told to who listens. */
import { createSignal, type Signal } from '../../async/signal.ts'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Bot } from '../bot/bot.ts'
import type { BotState } from '../contract/native/views.ts'
import type { BotEvent } from '../contract/native/events.ts'
import { placeOf } from '../engine/place.ts'
import type { Message } from '../engine/message.ts'
import type { LogStore } from './log-store.ts'
import type { OutboxRow, OutboxStore } from './outbox-store.ts'
import { changeEvent, messageView, sentView } from './views.ts'

export type BotListener = (event: BotEvent) => void

export interface MessagesParts {
  store: Pick<OutboxStore, 'trim'>
  log: LogStore
  errors: Pick<Log, 'warn'>
  clock: Clock
  bots(): readonly Bot[]
  /** Days that a bot's messages are kept. */
  keepFor(bot: Bot): number
  /** For whatever else of a bot is kept for a while. */
  onTrim(bot: Bot): void
  /** All that happens to bots, for the webhooks. */
  onEvent(event: BotEvent): void
}

const hour = 3_600_000

export class Messages {
  readonly #parts: MessagesParts
  readonly #listeners = new Map<string, Signal<[BotEvent]>>()
  readonly #gone = new Map<string, Signal<[]>>()
  #trimming: NodeJS.Timeout | undefined
  #total = 0

  constructor(parts: MessagesParts) {
    this.#parts = parts
  }

  /** Ever rising: what the overview's chart counts. */
  get total(): number {
    return this.#total
  }

  start(): void {
    this.#trim()
    clearInterval(this.#trimming)
    this.#trimming = setInterval(() => this.#trim(), hour).unref()
  }

  /** Who listens goes on listening: the room may be started again. */
  stop(): void {
    clearInterval(this.#trimming)
  }

  onMessage(bot: Bot, message: Message): void {
    if (message.changes !== undefined) {
      const event = changeEvent(bot.row.userId, message, message.changes)
      if (event !== null) this.tell(event)
      return
    }
    if (message.wasUnreadable === undefined) this.#total += 1
    this.keep(bot, message)
    this.tell({ type: 'message', userId: bot.row.userId, message: messageView(message) })
  }

  /** Into the log where that is wanted, without telling anybody. */
  keep({ row }: Bot, message: Message): void {
    const { log } = this.#parts
    // Who wrote to us is no stranger; what we wrote elsewhere went to none either.
    log.meet(row.userId, message.chat)
    if (row.settings.keepsLog) {
      // What opens its file stands elsewhere, and goes with it.
      const { media, ...said } = message
      log.add(row.userId, said)
      if (!message.fromMe && placeOf(message.chat) === 'people' && message.authorName !== null)
        log.setName(row.userId, message.chat, message.authorName)
    }
  }

  onProgress(userId: string, row: OutboxRow): void {
    this.tell({ type: 'progress', userId, message: sentView(row) })
  }

  onState({ row }: Bot, state: BotState): void {
    this.tell({ type: 'state', userId: row.userId, state, reason: row.reason, cause: row.cause })
  }

  /** Called with all that happens to the bot. Returns what ends the subscription. `gone`: the bot was deleted, and nothing more comes. */
  subscribe(userId: string, listener: BotListener, gone?: () => void): () => void {
    const onError = (error: unknown): void => this.#onBadListener(userId, error)
    const ends = [
      joined(this.#listeners, userId, listener, () => createSignal<[BotEvent]>(onError)),
      ...(gone === undefined ? [] : [joined(this.#gone, userId, gone, () => createSignal(onError))]),
    ]
    return () => ends.forEach((end) => end())
  }

  /** Whoever listens does not hear of the next bot of that id, which may be somebody else's. */
  forget(userId: string): void {
    this.#listeners.delete(userId)
    this.#gone.get(userId)?.emit()
    this.#gone.delete(userId)
  }

  tell(event: BotEvent): void {
    this.#parts.onEvent(event)
    this.#listeners.get(event.userId)?.emit(event)
  }

  #trim(): void {
    const { store, log, clock, bots, keepFor, onTrim, errors } = this.#parts
    for (const bot of bots()) {
      const before = clock.now() - keepFor(bot) * 24 * hour
      try {
        onTrim(bot)
        store.trim(bot.row.userId, before)
        log.trim(bot.row.userId, before)
      } catch (error) {
        errors.warn({ bot: bot.row.userId, error }, 'old messages of a bot could not be removed; the next round tries again')
      }
    }
  }

  /** Who listens badly keeps nothing from the others. */
  #onBadListener(userId: string, error: unknown): void {
    this.#parts.errors.warn({ bot: userId, error }, 'a listener could not be told what happened to a bot')
  }
}

/** Subscribes to the signal under this id, which is there as long as somebody listens. */
function joined<Args extends readonly unknown[]>(
  signals: Map<string, Signal<Args>>,
  id: string,
  listener: (...args: Args) => void,
  make: () => Signal<Args>,
): () => void {
  const signal = signals.get(id) ?? make()
  signals.set(id, signal)
  const end = signal.subscribe(listener)
  return () => {
    end()
    if (signal.size === 0 && signals.get(id) === signal) signals.delete(id)
  }
}
