/**
 * Fetches the files that came with messages, a few at a time and after everything else was told, and keeps them within what is wanted.
 *
 * What holds:
 * - What is to be fetched stands in the table before the message counts as told; a crash takes it up again.
 * - A file counts as kept when it is whole, is what was sent, and is on the disk.
 * - One that cannot be had now is tried again, later and later, then only when somebody asks for it.
 */
import type { Clock } from '../../clock.ts'
import { reasonOf } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import { diskRefusal, type DiskRefusal } from '../../store/disk.ts'
import type { Bot } from '../bot/bot.ts'
import { mostBytes } from '../contract/native/source.ts'
import type { MediaKeys } from '../engine/media-keys.ts'
import type { Message } from '../engine/message.ts'
import { BotFault } from '../fault.ts'
import { fetchReceived } from './fetching.ts'
import type { FileStore, KeptFile } from './file-store.ts'
import type { ReceivedFile, ReceivedStore } from './received-store.ts'
import type { SealedFiles } from './sealed-files.ts'

/** What is wanted of a bot. */
export interface Keeping {
  /** Fetches by itself. */
  keeps: boolean
  kinds: readonly MediaKeys['kind'][]
  /** Bytes of all that is kept. */
  budget: number
}

export interface KeeperParts {
  files: SealedFiles
  fileStore: FileStore
  store: ReceivedStore
  clock: Clock
  log: Log
  keepingOf(bot: Bot): Keeping
  /** Somebody may ask for the file later, though it is not fetched now. */
  isWanted(bot: Bot): boolean
  /** Runs both or none. */
  together(work: () => void): void
  /** Takes files off the disk that nothing needs any more. */
  removeUnneeded(): void
  /** Its state is another. */
  onChange(userId: string, chat: string, messageId: string): void
  onDiskRefusal(refusal: DiskRefusal): void
  /** Ms until it is tried again after so many tries. */
  backOff?(tries: number): number
}

const minute = 60_000
const day = 24 * 60 * minute
const mostTries = 8
/** At once: of one bot, and of all. */
const mostOfBot = 2
const mostOfAll = 6
/** Ms that a file stays that was fetched on demand for a bot that keeps none. */
export const lentLife = 30 * minute

export class MediaKeeper {
  readonly #parts: KeeperParts
  readonly #fetching = new Map<number, Promise<KeptFile>>()
  readonly #ofBot = new Map<string, number>()
  readonly #waiting = new Map<string, Bot>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(parts: KeeperParts) {
    this.#parts = parts
  }

  /** Within the transaction in which the message is told. */
  note(bot: Bot, { id, chat, at, author, fromMe, media: keys, changes }: Message): void {
    const { store, clock, keepingOf, isWanted } = this.#parts
    const { userId } = bot.row
    if (changes !== undefined || keys === undefined) return
    const { keeps, kinds, budget } = keepingOf(bot)
    const fetches = keeps && !fromMe && kinds.includes(keys.kind)
    if (!fetches && !isWanted(bot)) return
    const fits = (keys.size ?? 0) <= Math.min(budget, mostBytes.file)
    store.add(userId, {
      ...{ chat, messageId: id, at, author, fromMe, keys },
      ...(fits ? { state: 'waiting', problem: null } : { state: 'refused', problem: 'It is larger than all that this session keeps' }),
      nextAt: fetches && fits ? clock.now() : null,
    })
    if (fetches && fits) setImmediate(() => this.pump(bot))
  }

  /** One that is fetched on demand alone, whatever is kept otherwise. */
  offer(bot: Bot, { id, chat, at, author, fromMe, media: keys }: Message): void {
    if (keys === undefined) return
    const standing = { state: 'waiting', problem: null, nextAt: null } as const
    this.#parts.store.add(bot.row.userId, { chat, messageId: id, at, author, fromMe, keys, ...standing })
  }

  /** Fetches what is due, as far as there is room. Called too when a bot comes online. */
  pump(bot: Bot): void {
    const { store, clock, log, keepingOf } = this.#parts
    const { userId } = bot.row
    this.#waiting.delete(userId)
    if (bot.live === null || this.#busyWith(userId) >= mostOfBot) return
    try {
      for (const row of store.due(userId, clock.now())) {
        if (this.#fetching.has(row.number)) continue
        if (this.#fetching.size >= mostOfAll) return void this.#waiting.set(userId, bot)
        if (this.#busyWith(userId) >= mostOfBot) return
        // What becomes of it stands in its row.
        this.#fetch(bot, row, keepingOf(bot).budget).catch(() => undefined)
      }
      this.#lookLater(bot)
    } catch (error) {
      log.warn({ bot: userId, error }, 'files of messages could not be looked for; they are when the next one comes')
    }
  }

  /**
   * The file of a message, fetched now where it is not here. Throws `media-not-found`, `bot-not-online`, `file-too-large`, and what reading
   * it at WhatsApp throws.
   */
  async get(bot: Bot, chat: string, messageId: string): Promise<KeptFile> {
    const { files, store, fileStore, keepingOf } = this.#parts
    const { userId } = bot.row
    const row = store.find(userId, chat, messageId)
    if (row === null) throw new BotFault('media-not-found', 'No file of such a message is known here')
    const kept = row.file === null ? undefined : fileStore.find(userId, row.file)
    // A folder that was put back without its files has lost them.
    return kept !== undefined && files.has(kept.id) ? kept : this.#fetch(bot, row, keepingOf(bot).budget)
  }

  forget(userId: string): void {
    clearTimeout(this.#timers.get(userId))
    this.#timers.delete(userId)
    this.#waiting.delete(userId)
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    for (const userId of [...this.#timers.keys(), ...this.#waiting.keys()]) this.forget(userId)
    await Promise.allSettled(this.#fetching.values())
  }

  #busyWith(userId: string): number {
    return this.#ofBot.get(userId) ?? 0
  }

  /** The earliest that is not due yet. */
  #lookLater(bot: Bot): void {
    const { store, clock } = this.#parts
    const { userId } = bot.row
    const at = store.nextAt(userId)
    const wait = (at ?? 0) - clock.now()
    clearTimeout(this.#timers.get(userId))
    if (wait > 0) this.#timers.set(userId, setTimeout(() => this.pump(bot), Math.min(wait, day)).unref())
  }

  /** One that is being fetched is not fetched twice. */
  #fetch(bot: Bot, row: ReceivedFile, most: number): Promise<KeptFile> {
    const { userId } = bot.row
    const known = this.#fetching.get(row.number)
    if (known !== undefined) return known
    this.#ofBot.set(userId, this.#busyWith(userId) + 1)
    const fetching = this.#take(bot, row, Math.min(most, mostBytes.file)).finally(() => {
      this.#fetching.delete(row.number)
      this.#ofBot.set(userId, this.#busyWith(userId) - 1)
      if (this.#busyWith(userId) === 0) this.#ofBot.delete(userId)
      for (const each of new Set([...this.#waiting.values(), bot])) this.pump(each)
    })
    this.#fetching.set(row.number, fetching)
    return fetching
  }

  async #take(bot: Bot, row: ReceivedFile, most: number): Promise<KeptFile> {
    const { files, store, clock, onChange } = this.#parts
    const { live } = bot
    if (live === null) throw new BotFault('bot-not-online', 'This session is not online, so the file cannot be fetched')
    const { userId } = bot.row
    const { fromMe, author, chat, messageId } = row
    try {
      const file = await fetchReceived(live, files, row, {
        most,
        moved: (keys) => store.move(userId, row.number, { keys, fromMe, author }),
      })
      const kept = { ...file, createdAt: clock.now(), expiresAt: null }
      this.#keep(bot, row, kept)
      onChange(userId, chat, messageId)
      return kept
    } catch (error) {
      // The connection went, and not the file: it is fetched when the bot is back.
      if (bot.live === live) this.#fail(bot, row, error)
      throw error
    }
  }

  #keep(bot: Bot, row: ReceivedFile, file: KeptFile): void {
    const { files, fileStore, store, together, keepingOf, removeUnneeded } = this.#parts
    const { userId } = bot.row
    try {
      together(() => {
        fileStore.add(userId, file)
        const settled = { state: 'kept', problem: null, size: file.size, file: file.id, tries: row.tries + 1, nextAt: null } as const
        if (!store.settle(row.number, settled)) throw new BotFault('media-not-found', 'The message was removed meanwhile')
      })
    } catch (error) {
      files.remove(file.id)
      throw error
    }
    if (store.makeRoom(userId, keepingOf(bot).budget, row.number)) removeUnneeded()
  }

  #fail(bot: Bot, row: ReceivedFile, error: unknown): void {
    const { store, clock, log, onChange, onDiskRefusal } = this.#parts
    const { userId } = bot.row
    const disk = diskRefusal(error, { ofFile: true })
    if (disk !== null) onDiskRefusal(disk)
    else if (!(error instanceof BotFault)) log.warn({ bot: userId, error }, 'the file of a message could not be fetched')
    const state = BotFault.is(error, 'media-gone') ? 'gone' : isFinal(error) ? 'refused' : 'waiting'
    const tries = disk === null ? row.tries + 1 : row.tries
    // What is fetched on demand alone waits for the next demand.
    const isTriedAgain = state === 'waiting' && row.nextAt !== null && tries < mostTries
    const nextAt = isTriedAgain ? clock.now() + (this.#parts.backOff ?? usualBackOff)(tries) : null
    try {
      store.settle(row.number, { ...row, state, problem: disk?.reason ?? reasonOf(error), file: null, tries, nextAt })
      onChange(userId, row.chat, row.messageId)
    } catch (later) {
      log.warn({ bot: userId, error: later }, 'what became of the file of a message could not be written')
    }
  }
}

const isFinal = (error: unknown): boolean => BotFault.is(error, 'media-broken') || BotFault.is(error, 'file-too-large')

function usualBackOff(tries: number): number {
  return Math.min(60 * minute, minute * 2 ** (tries - 1))
}
