/** Binds the routes of how chats are sorted. */
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { Bot } from '../bot/bot.ts'
import type { Chats } from '../contacts/chats.ts'
import type { History } from '../contacts/history.ts'
import type { historyRoutes } from '../contract/native/history.ts'
import type { chatRoutes } from '../contract/native/chats.ts'
import { chatOf } from '../engine/address.ts'
import type { ChatCalls, ChatFlags } from '../engine/chats.ts'
import type { People } from '../people/people.ts'
import type { BotService } from '../service.ts'
import { liveConnection } from './live-connection.ts'

export interface ChatRouteParts {
  service: BotService
  people: People
  chats: Chats
  history: History
}

export function chatHandlers({
  service,
  people,
  chats,
  history,
}: ChatRouteParts): Handlers<Contract<typeof chatRoutes & typeof historyRoutes>['routes']> {
  const ok = { status: 200 as const, body: { success: true as const } }
  const chatIn = ({ userId, chat }: { userId: string; chat: string }): string => people.idOf(userId, chatOf(chat))
  const live = (userId: string): [Bot, ChatCalls] => {
    const bot = service.get(userId)
    return [bot, liveConnection(bot).chats]
  }
  const shown = (userId: string, chat: string) => ({
    status: 200 as const,
    body: { success: true as const, chat, flags: chats.view(userId, chat), stars: chats.stars(userId, chat) },
  })
  return {
    chat: ({ params }) => {
      service.get(params.userId)
      return shown(params.userId, chatIn(params))
    },
    changeChat: async ({ params, body: { pinned, mutedUntil, archived, markedUnread, timer } }) => {
      const change: ChatFlags = {
        ...(archived === undefined ? {} : { archived }),
        ...(pinned === undefined ? {} : { pinnedAt: pinned ? Date.now() : null }),
        ...(mutedUntil === undefined ? {} : { mutedUntil: timeOf(mutedUntil) }),
        ...(markedUnread === undefined ? {} : { markedUnread }),
        ...(timer === undefined ? {} : { timer }),
      }
      await chats.change(...live(params.userId), chatIn(params), change)
      return shown(params.userId, chatIn(params))
    },
    removeChat: async ({ params }) => {
      await chats.remove(...live(params.userId), chatIn(params))
      return ok
    },
    clearChat: async ({ params }) => {
      await chats.clear(...live(params.userId), chatIn(params))
      return ok
    },
    starMessage: async ({ params, body }) => {
      await chats.star(...live(params.userId), chatIn(params), { id: params.messageId, fromMe: body.fromMe }, true)
      return ok
    },
    unstarMessage: async ({ params, query }) => {
      await chats.star(...live(params.userId), chatIn(params), { id: params.messageId, fromMe: query.fromMe }, false)
      return ok
    },
    olderMessages: async ({ params, body }) => {
      const bot = service.get(params.userId)
      const kept = await history.older(bot, liveConnection(bot).history, chatIn(params), body.count)
      return { status: 200, body: { success: true, kept } }
    },
    labels: ({ params }) => {
      service.get(params.userId)
      return { status: 200, body: { success: true, labels: chats.labels(params.userId) } }
    },
    addLabel: async ({ params, body }) => ({
      status: 201,
      body: { success: true, label: await chats.addLabel(...live(params.userId), body) },
    }),
    changeLabel: async ({ params, body: { name, color } }) => {
      const change = { ...(name === undefined ? {} : { name }), ...(color === undefined ? {} : { color }) }
      return { status: 200, body: { success: true, label: await chats.changeLabel(...live(params.userId), params.label, change) } }
    },
    removeLabel: async ({ params }) => {
      await chats.removeLabel(...live(params.userId), params.label)
      return ok
    },
    putLabel: async ({ params, query }) => {
      const use = { label: params.label, chat: chatIn(params), messageId: query.message ?? null, on: true }
      await chats.setLabel(...live(params.userId), use)
      return ok
    },
    takeLabel: async ({ params, query }) => {
      const use = { label: params.label, chat: chatIn(params), messageId: query.message ?? null, on: false }
      await chats.setLabel(...live(params.userId), use)
      return ok
    },
  }
}

function timeOf(until: string | null): number | null {
  if (until === null) return null
  return until === 'forever' ? Infinity : Date.parse(until)
}
