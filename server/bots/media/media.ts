/** What the room has for files: those that go out, those that came with messages, and how long they stay. */
import { join } from 'node:path'
import type { Database } from 'better-sqlite3'
import type { Clock } from '../../clock.ts'
import type { Complete } from '../../events/webhooks/caller.ts'
import type { Egress } from '../../http/egress.ts'
import { createEgressFetch } from '../../http/egress-fetch.ts'
import type { Log } from '../../log.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import type { DiskRefusal } from '../../store/disk.ts'
import type { Bot } from '../bot/bot.ts'
import type { BotEvent } from '../contract/native/events.ts'
import type { MediaView } from '../contract/native/media-view.ts'
import type { BotView } from '../contract/native/views.ts'
import { wholeOf } from '../engine/bytes.ts'
import type { MediaKeys } from '../engine/media-keys.ts'
import type { Message } from '../engine/message.ts'
import { statusChat } from '../engine/status.ts'
import { BotFault } from '../fault.ts'
import { createFileStore, type KeptFile } from './file-store.ts'
import { lentLife, MediaKeeper } from './keeper.ts'
import { createMediaLinks, type MediaLinks } from './links.ts'
import { createReceivedStore } from './received-store.ts'
import { createSealedFiles, type Range, type SealedFile } from './sealed-files.ts'
import { createSources, type Sources } from './sources.ts'
import { completeWithMedia } from './webhook-media.ts'

export interface MediaOptions {
  database: Database
  /** Of the room; its files are in a folder below it, those of a database of its own beside that. */
  dataDir: string
  databaseFile: string | null
  sealer: Sealer
  egress: Egress
  clock: Clock
  log: Log
  bots(): readonly Bot[]
  limits(bot: Bot): BotView['limits']
  tell(event: BotEvent): void
  onDiskRefusal(refusal: DiskRefusal): void
  /** A webhook of the bot wants files. */
  isTold(userId: string): boolean
  /** The base of this API as receivers of webhooks reach it. */
  linkBase(): string
  /** Ms until a file is tried again after so many tries. */
  backOff?: ((tries: number) => number) | undefined
}

export interface Media {
  sources: Sources
  links: MediaLinks
  /** For the dispatcher of webhooks. */
  complete: Complete
  /** Within the transaction in which the message is told. */
  onMessage(bot: Bot, message: Message): void
  /** The same of a status: its file is fetched when somebody asks for it. */
  onStatus(bot: Bot, status: Message): void
  /** Statuses that came before have run out. */
  trimStatuses(before: number): void
  onOnline(bot: Bot): void
  /** What has become of a message's file; null when it has none, or none that is known here. */
  view(userId: string, message: { chat: string; id: string }): MediaView | null
  /** Where the file of a message is at WhatsApp; null where that is not known here. */
  keysOf(userId: string, chat: string, messageId: string): MediaKeys | null
  /** As `MediaKeeper` does. */
  get(bot: Bot, chat: string, messageId: string): Promise<KeptFile>
  read(file: SealedFile, range?: Range): ReturnType<ReturnType<typeof createSealedFiles>['read']>
  /** Of a message, a chat, or all chats of a bot. */
  remove(userId: string, chat?: string | null, messageId?: string | null): void
  /** A message has lost what it said; within the transaction in which that is written. */
  onDeleted(userId: string, chat: string, messageId: string): void
  /** The bot is gone. */
  forget(userId: string): void
  start(): void
  stop(): Promise<void>
}

const hour = 3_600_000
const day = 24 * hour
const megabyte = 1_000_000

export function createMedia(options: MediaOptions): Media {
  const { database, dataDir, databaseFile, sealer, egress, clock, log, bots, limits, tell } = options
  const files = createSealedFiles(databaseFile === null ? join(dataDir, 'bots', 'files') : `${databaseFile}-files`)
  const fileStore = createFileStore(database, sealer)
  const store = createReceivedStore(database, sealer)
  const sources = createSources({ files, store: fileStore, fetch: createEgressFetch(egress), clock })
  let timer: NodeJS.Timeout | undefined

  function view(userId: string, { chat, id }: { chat: string; id: string }): MediaView | null {
    const found = store.facts(userId, chat, id)
    if (found === undefined) return null
    const path = chat === statusChat ? `status/${encodeURIComponent(id)}/media` : null
    const url = path ?? `messages/${encodeURIComponent(id)}/media?chat=${encodeURIComponent(chat)}`
    return { state: found.state, problem: found.problem, url: `/api/sessions/${userId}/${url}`, size: found.size }
  }

  const keeper = new MediaKeeper({
    ...{ files, fileStore, store, clock, log },
    ...(options.backOff === undefined ? {} : { backOff: options.backOff }),
    keepingOf(bot) {
      const { keepsMedia, mediaKinds, mediaBudget } = limits(bot)
      return { keeps: keepsMedia, kinds: mediaKinds, budget: mediaBudget * megabyte }
    },
    isWanted: ({ row }) => row.settings.keepsLog || options.isTold(row.userId),
    together: (work) => database.transaction(work)(),
    removeUnneeded: () => sources.removeUnneeded(),
    onChange(userId, chat, messageId) {
      const media = view(userId, { chat, id: messageId })
      if (media !== null) tell({ type: 'media', userId, chat, messageId, media })
    },
    onDiskRefusal: (refusal) => options.onDiskRefusal(refusal),
  })

  function trim(): void {
    const now = clock.now()
    for (const bot of bots()) {
      const { keepsMedia, keepMediaFor, keepMessagesFor } = limits(bot)
      store.trim(bot.row.userId, {
        filesBefore: now - (keepsMedia ? keepMediaFor * day : lentLife),
        messagesBefore: now - Math.max(keepMessagesFor, keepsMedia ? keepMediaFor : 0) * day,
      })
    }
  }

  /** What a disk refuses now, the next round does. */
  function quietly(work: () => void): void {
    try {
      work()
    } catch (error) {
      log.warn({ error }, 'files that nothing needs could not be removed; the next round tries again')
    }
  }

  const links = createMediaLinks(sealer, clock)
  const complete = completeWithMedia({
    ...{ links, view, base: () => options.linkBase() },
    async get(userId, chat, messageId) {
      const bot = bots().find(({ row }) => row.userId === userId)
      if (bot === undefined) throw new BotFault('bot-not-found', 'Session not found')
      return keeper.get(bot, chat, messageId)
    },
    whole: (file) => wholeOf({ open: () => files.read(file) }),
  })

  return {
    sources,
    links,
    complete,
    view,
    keysOf: (userId, chat, messageId) => store.find(userId, chat, messageId)?.keys ?? null,
    onMessage: (bot, message) => keeper.note(bot, message),
    onStatus: (bot, status) => keeper.offer(bot, status),
    trimStatuses: (before) => store.trimStatuses(before),
    onOnline: (bot) => keeper.pump(bot),
    get: (bot, chat, messageId) => keeper.get(bot, chat, messageId),
    read: files.read,
    remove(userId, chat, messageId) {
      store.remove(userId, chat, messageId)
      quietly(() => sources.removeUnneeded())
    },
    onDeleted(userId, chat, messageId) {
      store.remove(userId, chat, messageId)
      setImmediate(() => quietly(() => sources.removeUnneeded()))
    },
    forget(userId) {
      keeper.forget(userId)
      quietly(() => sources.sweep())
    },
    start() {
      const round = (): void =>
        quietly(() => {
          trim()
          sources.sweep()
        })
      round()
      clearInterval(timer)
      timer = setInterval(round, hour).unref()
    },
    stop() {
      clearInterval(timer)
      return keeper.stop()
    },
  }
}
