/** Statuses of a bot: its own, and those of others as they come; each is gone after a day. They are no chat, and in no log. */
import { iso, type Clock } from '../../clock.ts'
import type { Bot } from '../bot/bot.ts'
import type { BotEvent } from '../contract/native/events.ts'
import type { StatusView } from '../contract/native/status.ts'
import type { Message } from '../engine/message.ts'
import type { Content } from '../engine/outgoing.ts'
import { statusChat, type StatusCalls } from '../engine/status.ts'
import { BotFault } from '../fault.ts'
import type { Media } from '../media/media.ts'
import type { Status, StatusStore } from './store.ts'

export interface StatusesParts {
  store: StatusStore
  clock: Clock
  newMessageId(): string
  /** People whom the account has an address or a chat with. */
  contacts(userId: string): string[]
  tell(event: BotEvent): void
  /** Pictures and videos of statuses. */
  media: Pick<Media, 'onStatus' | 'onDeleted' | 'trimStatuses' | 'view'>
}

const mostRemembered = 1_000
export const statusLife = 24 * 3_600_000

export class Statuses {
  readonly #parts: StatusesParts
  /** Put up through here: the library tells of them before WhatsApp has taken them, or has not. */
  readonly #own = new Set<string>()

  constructor(parts: StatusesParts) {
    this.#parts = parts
  }

  /** Throws `status-off`. */
  list(bot: Bot, { by, limit }: { by: string | null; limit: number }): StatusView[] {
    judge(bot)
    return this.#parts.store
      .list(bot.row.userId, { since: this.#parts.clock.now() - statusLife, author: by, limit })
      .map((status) => this.#viewOf(bot.row.userId, status))
  }

  /** Throws `status-off`, and `status-not-found` for what has run out too. */
  judge(bot: Bot, id: string): void {
    judge(bot)
    const status = this.#parts.store.find(bot.row.userId, id)
    if (status === null || status.at < this.#parts.clock.now() - statusLife) throw new BotFault('status-not-found', 'No such status')
  }

  /** Throws `status-off`, `bot-not-online`, `status-for-nobody`, and what `send` of the connection throws. */
  async post(bot: Bot, to: readonly string[] | 'contacts', content: Content): Promise<{ status: StatusView; people: number }> {
    const calls = callsOf(bot)
    const { store, clock, contacts, tell } = this.#parts
    const { userId } = bot.row
    const audience = [...new Set(to === 'contacts' ? contacts(userId) : to)]
    if (audience.length === 0) throw new BotFault('status-for-nobody', 'There is nobody who could see it')
    const id = this.#newId()
    await calls.post(content, id, audience)
    const text = content.type === 'text' ? content.text : 'caption' in content ? content.caption : ''
    const author = `${bot.row.phoneNumber}@s.whatsapp.net`
    const details = 'bytes' in content ? { media: { ...noFacts, mimetype: content.mimetype, size: content.bytes.size } } : {}
    const status: Status = {
      id,
      author,
      authorName: bot.row.name,
      fromMe: true,
      at: clock.now(),
      kind: content.type,
      text,
      details,
      audience,
    }
    store.add(userId, status)
    const view = this.#viewOf(userId, status)
    tell({ type: 'status', userId, what: 'posted', status: view })
    return { status: view, people: audience.length }
  }

  /** Throws `status-off`, `bot-not-online`, `status-not-found`, and what `send` of the connection throws. */
  async remove(bot: Bot, id: string): Promise<void> {
    const calls = callsOf(bot)
    const { userId } = bot.row
    const status = this.#parts.store.find(userId, id)
    if (status === null || !status.fromMe) throw new BotFault('status-not-found', 'No such status of this account')
    await calls.remove(id, this.#newId(), status.audience)
    this.#forget(userId, status)
  }

  /** What comes under the chat of statuses. */
  onMessage(bot: Bot, message: Message): void {
    const { store, clock, media, tell } = this.#parts
    const { userId } = bot.row
    const { id, author, authorName, fromMe, kind, text, details, changes, reactsTo } = message
    // Whoever says that it is from tomorrow does not have it stay longer.
    const at = Math.min(message.at, clock.now())
    if (this.#own.has(id)) return
    if (changes !== undefined) {
      const status = store.find(userId, changes.id)
      if (changes.how === 'revoked' && status !== null && status.fromMe === fromMe && (fromMe || status.author === author))
        this.#forget(userId, status)
      return
    }
    if (reactsTo !== null || kind === 'unreadable') return
    const status: Status = { id, author, authorName, fromMe, at, kind, text, details, audience: [] }
    if (!store.add(userId, status)) return
    media.onStatus(bot, { ...message, at })
    tell({ type: 'status', userId, what: 'posted', status: this.#viewOf(userId, status) })
  }

  trim(): void {
    const before = this.#parts.clock.now() - statusLife
    this.#parts.store.trim(before)
    this.#parts.media.trimStatuses(before)
  }

  #newId(): string {
    const id = this.#parts.newMessageId()
    if (this.#own.size >= mostRemembered) this.#own.clear()
    this.#own.add(id)
    return id
  }

  #forget(userId: string, status: Status): void {
    this.#parts.store.remove(userId, status.id)
    this.#parts.media.onDeleted(userId, statusChat, status.id)
    this.#parts.tell({ type: 'status', userId, what: 'removed', status: this.#viewOf(userId, { ...status, text: '', details: {} }) })
  }

  #viewOf(userId: string, { id, author, authorName, fromMe, at, kind, text, details }: Status): StatusView {
    const media = this.#parts.media.view(userId, { chat: statusChat, id })
    return { id, author, authorName, fromMe, at: iso(at), endsAt: iso(at + statusLife), kind, text, details, media }
  }
}

const noFacts = { seconds: null, width: null, height: null, fileName: null, pages: null, note: false, animated: false }

function judge({ row }: Bot): void {
  if (row.settings.ignores.status) throw new BotFault('status-off', 'This session is not set to have statuses')
}

function callsOf(bot: Bot): StatusCalls {
  judge(bot)
  if (bot.live === null) throw new BotFault('bot-not-online', 'This session is not online')
  return bot.live.status
}
