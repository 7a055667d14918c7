/** Binds the routes of messages to their services. */
import type { Webhooks } from '../../events/webhooks/webhooks.ts'
import { z } from 'zod'
import { BotFault } from '../fault.ts'
import type { Call, Handlers, SocketHandler } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { Bot } from '../bot/bot.ts'
import type { editRoutes } from '../contract/native/edits.ts'
import type { ChatView, messageRoutes } from '../contract/native/messages.ts'
import type { Chats } from '../contacts/chats.ts'
import type { Contacts } from '../contacts/contacts.ts'
import { userId } from '../contract/parts.ts'
import type { Chat, LogStore } from '../messages/log-store.ts'
import type { OutboxStore } from '../messages/outbox-store.ts'
import type { BotListener, Messages } from '../messages/messages.ts'
import { chatView, loggedView, sentView } from '../messages/views.ts'
import { chatOf, isGroup } from '../engine/address.ts'
import type { Media } from '../media/media.ts'
import type { Outbox } from '../messages/outbox.ts'
import type { Composer } from '../outgoing/composer.ts'
import { wordsOf } from '../outgoing/packed.ts'
import type { People } from '../people/people.ts'
import type { BotService } from '../service.ts'
import { liveConnection } from './live-connection.ts'
import type { Votes } from '../votes/votes.ts'

export interface MessageParts {
  contacts: Contacts
  chats: Chats
  service: BotService
  outbox: Outbox
  messages: Messages
  outboxStore: OutboxStore
  logStore: LogStore
  people: People
  media: Media
  webhooks: Webhooks
  votes: Votes
  composer: Composer
}

const idempotencyKey = z.string().min(1).max(255).nullable()
/** A reader that takes nothing off its socket is cut off before its backlog fills the memory. */
const longestBacklog = 4 * 1_048_576

/** Messages that one call marks as read. */
const readAtOnce = 200

export function messageHandlers({
  service,
  outbox,
  outboxStore: store,
  logStore,
  people,
  media,
  webhooks,
  votes,
  composer,
  contacts,
  chats,
}: MessageParts): Handlers<Contract<typeof messageRoutes & typeof editRoutes>['routes']> {
  /** The chat that is meant, by whichever id. */
  const chatIn = (userId: string, chat: string): string => people.idOf(userId, chatOf(chat))
  /** As the address book has it, before what the chat calls itself. */
  const nameOf = (id: string, { chat, name }: Chat): string | null => contacts.find(id, chat)?.name ?? name
  const ok = { status: 200 as const, body: { success: true as const } }
  return {
    sendMessage: async ({ params, body }, call) => {
      const row = await composer.send(service.get(params.userId), body, { idempotencyKey: keyIn(call), signal: call.signal })
      return { status: 202, body: { success: true, message: sentView(row) } }
    },
    sentMessages: ({ params, query }) => {
      service.get(params.userId)
      return {
        status: 200,
        body: {
          success: true,
          messages: store
            .list(params.userId, query.chat === undefined ? null : chatIn(params.userId, query.chat), query.limit, query.status)
            .map((row) => ({ ...sentView(row), text: wordsOf(row.content) })),
          queue: store.waiting(params.userId),
        },
      }
    },
    sentMessage: ({ params }) => {
      service.get(params.userId)
      return { status: 200, body: { success: true, message: sentView(outbox.row(params.userId, params.messageId)) } }
    },
    editMessage: async ({ params, query, body }, call) => {
      const asked = { idempotencyKey: keyIn(call), signal: call.signal }
      const row = await composer.edit(service.get(params.userId), params.messageId, body, query, asked)
      return { status: 202, body: { success: true, message: sentView(row) } }
    },
    cancelMessage: ({ params, query }, call) => {
      const bot = service.get(params.userId)
      if (query.for === 'all') {
        const row = composer.deleteForAll(bot, params.messageId, query, keyIn(call))
        return row === null ? ok : { status: 202, body: { success: true, message: sentView(row) } }
      }
      const { chat, status } = outbox.row(params.userId, params.messageId)
      if (!store.cancel(params.userId, params.messageId)) throw new BotFault('message-on-its-way', 'The message is on its way already')
      if (status === 'failed') logStore.discard(params.userId, chat, params.messageId)
      return ok
    },
    groups: async ({ params }) => ({
      status: 200,
      body: { success: true, groups: await liveConnection(service.get(params.userId)).groups.list() },
    }),
    markRead: async ({ params: { userId }, body }) => {
      const chat = chatIn(userId, body.chat)
      const keys = body.messages ?? logStore.unread(userId, chat, readAtOnce)
      const connection = liveConnection(service.get(userId))
      if (keys.length > 0) await connection.markRead(chat, keys)
      logStore.markRead(
        userId,
        chat,
        keys.map(({ id }) => id),
      )
      return ok
    },
    log: ({ params, query: { chat, text, before, limit } }) => {
      service.get(params.userId)
      const { items, next } = logStore.read(params.userId, {
        chat: chat === undefined ? undefined : chatIn(params.userId, chat),
        text,
        before,
        limit,
      })
      return {
        status: 200,
        body: { success: true, messages: items.map((item) => loggedView(item, media.view(params.userId, item))), next },
      }
    },
    chats: async ({ params: { userId }, query }) => {
      const bot = service.get(userId)
      const page = logStore.chats(userId, query)
      const nameless = page.items.some(({ chat, name }) => isGroup(chat) && name === null)
      const names = nameless ? await subjectsOf(bot) : new Map<string, string>()
      for (const [chat, subject] of names) logStore.setName(userId, chat, subject)
      return {
        status: 200,
        body: {
          success: true,
          chats: page.items
            .map((chat) =>
              chatView(
                { ...chat, name: nameOf(userId, chat) ?? names.get(chat.chat) ?? null },
                chats.view(userId, chat.chat),
                media.view(userId, chat.last),
              ),
            )
            .filter((chat) => isWanted(chat, query)),
          next: page.next,
        },
      }
    },
    clearLog: ({ params, query: { chat } }) => {
      service.get(params.userId)
      const id = chat === undefined ? null : chatIn(params.userId, chat)
      logStore.clear(params.userId, id)
      media.remove(params.userId, id)
      webhooks.forget('bots', params.userId, id)
      votes.clear(params.userId, id)
      return ok
    },
  }
}

export function eventsSocket({ service, messages }: MessageParts): SocketHandler {
  return (socket, { params, query }) => {
    const { userId: id } = z.object({ userId }).parse(params)
    const types = typeof query['types'] === 'string' ? new Set(query['types'].split(',')) : null
    const gone = (): void => socket.close(4_404, 'Session not found')
    const bot = service.find(id)
    if (bot === undefined) return gone()
    const tell: BotListener = (event) => {
      // One that was never linked goes without a word, and the next of its id may be somebody else's.
      if (service.find(id) !== bot) return gone()
      if (types !== null && !types.has(event.type)) return
      if (socket.bufferedAmount > longestBacklog) return socket.terminate()
      socket.send(JSON.stringify(event))
    }
    const end = messages.subscribe(id, tell, gone)
    socket.once('close', end)
  }
}

/** Throws `idempotency-malformed`. */
function keyIn({ headers }: Pick<Call, 'headers'>): string | null {
  const key = idempotencyKey.safeParse(headers['idempotency-key'] ?? null)
  if (!key.success) throw new BotFault('idempotency-malformed', 'The Idempotency-Key has 1 to 255 characters')
  return key.data
}

function isWanted(
  chat: ChatView,
  wanted: { [Name in 'archived' | 'pinned' | 'markedUnread']?: boolean | undefined } & { label?: string | undefined },
) {
  const flags = (['archived', 'pinned', 'markedUnread'] as const).every((name) => wanted[name] === undefined || wanted[name] === chat[name])
  return flags && (wanted.label === undefined || chat.labels.includes(wanted.label))
}

/** WhatsApp is not asked for subjects again within this time: a group that was left has none. */
const askAgainAfter = 5 * 60_000
const askedAt = new WeakMap<Bot, number>()

/** Subjects of the groups it is in, as far as they can be had now. */
async function subjectsOf(bot: Bot): Promise<Map<string, string>> {
  const { live } = bot
  if (live === null || performance.now() - (askedAt.get(bot) ?? -Infinity) < askAgainAfter) return new Map()
  askedAt.set(bot, performance.now())
  const groups = await live.groups.list().catch(() => [])
  return new Map(groups.map(({ id, subject }) => [id, subject]))
}
