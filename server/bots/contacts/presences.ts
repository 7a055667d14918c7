/** Who is there and writes, as last heard: in memory alone, and asked for again when a bot comes back. */
import { iso, type Clock } from '../../clock.ts'
import { reasonOf } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import type { Bot } from '../bot/bot.ts'
import type { BotState } from '../contract/native/views.ts'
import { isGroup } from '../engine/address.ts'
import type { Happening } from '../engine/happenings.ts'
import type { Message } from '../engine/message.ts'
import type { PresenceState } from '../engine/presence.ts'

export interface PresenceView {
  person: string
  state: PresenceState
  lastSeen: string | null
  at: string
}

interface Followed {
  /** Chats that were asked about, the last one asked for last. */
  chats: Set<string>
  heard: Map<string, Map<string, PresenceView & { since: number }>>
}

/** WhatsApp is asked about so many chats of one bot; the longest not heard of is dropped. */
const mostChats = 500
/** Ms after which somebody does not type any more of whom no end was heard: whoever types says so again every ten seconds. */
const longestTyping = 30_000

export class Presences {
  readonly #clock: Clock
  readonly #log: Pick<Log, 'warn'>
  readonly #bots = new Map<string, Followed>()

  constructor({ clock, log }: { clock: Clock; log: Pick<Log, 'warn'> }) {
    this.#clock = clock
    this.#log = log
  }

  /** Asks WhatsApp now, and again after each return. */
  async follow(bot: Bot, chat: string): Promise<void> {
    const { chats, heard } = this.#of(bot.row.userId)
    chats.delete(chat)
    chats.add(chat)
    const [oldest] = chats
    if (chats.size > mostChats && oldest !== undefined) {
      chats.delete(oldest)
      heard.delete(oldest)
    }
    await bot.live?.presence.follow(chat)
  }

  of(userId: string, chat: string): PresenceView[] {
    const now = this.#clock.now()
    return [...(this.#bots.get(userId)?.heard.get(chat)?.values() ?? [])].map(({ since, ...view }) => {
      const isOver = (view.state === 'typing' || view.state === 'recording') && now - since > longestTyping
      return isOver ? { ...view, state: 'online' } : view
    })
  }

  onHappening({ row }: Bot, happening: Happening): void {
    if (happening.type !== 'presence') return
    const { chat, person, state, lastSeen } = happening
    const { heard } = this.#of(row.userId)
    const people = heard.get(chat) ?? new Map<string, PresenceView & { since: number }>()
    const now = this.#clock.now()
    people.set(person, { person, state, lastSeen: lastSeen === null ? null : iso(lastSeen), at: iso(now), since: now })
    heard.delete(chat)
    heard.set(chat, people)
    const [oldest] = heard.keys()
    if (heard.size > mostChats && oldest !== undefined) heard.delete(oldest)
  }

  onMessage(bot: Bot, { chat, fromMe }: Message): void {
    if (!bot.row.settings.followsPresence || fromMe || isGroup(chat) || this.#of(bot.row.userId).chats.has(chat)) return
    this.follow(bot, chat).catch((error: unknown) => this.#onNotAsked(bot, error))
  }

  onState(bot: Bot, state: BotState): void {
    const { userId } = bot.row
    if (state === 'stopped') return void this.#bots.delete(userId)
    if (state !== 'online') return void this.#bots.get(userId)?.heard.clear()
    for (const chat of this.#bots.get(userId)?.chats ?? [])
      bot.live?.presence.follow(chat).catch((error: unknown) => this.#onNotAsked(bot, error))
  }

  forget(userId: string): void {
    this.#bots.delete(userId)
  }

  #of(userId: string): Followed {
    const known = this.#bots.get(userId)
    if (known !== undefined) return known
    const followed: Followed = { chats: new Set(), heard: new Map() }
    this.#bots.set(userId, followed)
    return followed
  }

  #onNotAsked({ row }: Bot, error: unknown): void {
    this.#log.warn({ bot: row.userId, error: reasonOf(error) }, 'WhatsApp could not be asked who is there')
  }
}
