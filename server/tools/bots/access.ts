/** What the tools of the bots room work with, and whose bots a session sees. */
import { z } from 'zod'
import type { Bot } from '../../bots/bot/bot.ts'
import { BotFault } from '../../bots/fault.ts'
import type { Media } from '../../bots/media/media.ts'
import type { LogStore } from '../../bots/messages/log-store.ts'
import type { Messages } from '../../bots/messages/messages.ts'
import type { Outbox } from '../../bots/messages/outbox.ts'
import type { Composer } from '../../bots/outgoing/composer.ts'
import type { People } from '../../bots/people/people.ts'
import type { BotService } from '../../bots/service.ts'
import type { Call } from '../../http/api.ts'
import type { LazyApi } from '../../http/lazy-api.ts'
import type { Standing } from '../../http/rights.ts'
import type { BuiltInTool } from '../../relay/built-in/server.ts'

export interface BotAccess {
  service: Pick<BotService, 'list' | 'get'>
  log: Pick<LogStore, 'read'>
  media: Pick<Media, 'view' | 'get' | 'read'>
  people: Pick<People, 'idOf'>
  outbox: Pick<Outbox, 'add' | 'row' | 'cappedUntil'>
  composer: Composer
  messages: Pick<Messages, 'subscribe'>
  api: Pick<LazyApi, 'load'>
}

export const botInput = z.object({ userId: z.string().min(1).max(200).describe('The bot’s userId, from bots_list') })
export const chatInput = z
  .string()
  .regex(/^(\d{7,15}|[0-9-]{5,40}@(s\.whatsapp\.net|g\.us|lid))$/, 'A phone number in digits, or a chat id')
  .describe('A phone number in digits, or a chat id')
export const messageInput = z
  .string()
  .regex(/^[0-9A-Za-z._-]{4,64}$/)
  .describe('The id of the message, from bot_read or what sent it')
export const keyInput = z.string().min(1).max(255).optional().describe('Makes a repetition of this call harmless')

export const isReached = (standing: Standing, { row }: Bot): boolean =>
  standing.reaches('bots', { subject: row.userId, makers: [row.madeBy] })

/** One of somebody else is answered as one that is not there. */
export function reached({ service }: Pick<BotAccess, 'service'>, userId: string, standing: Standing): Bot {
  const found = service.get(userId)
  if (!isReached(standing, found)) throw new BotFault('bot-not-found', 'Session not found')
  return found
}

/** What a route of the bots API answers to the session that calls a tool. */
export async function routeAnswer(
  { api }: Pick<BotAccess, 'api'>,
  route: string,
  input: { params: object; query: object; body: object },
  { standing, actor, signal }: Pick<Parameters<BuiltInTool['run']>[1], 'standing' | 'actor' | 'signal'>,
): Promise<Record<string, unknown>> {
  const call: Omit<Call, 'node'> = {
    ...{ standing, signal, requestId: '', address: '', origin: '', headers: {} },
    caller: { kind: 'key', id: actor, name: actor },
  }
  // None of the routes that are tools answers on the socket itself.
  const { handlers } = await api.load()
  const answer = await handlers[route]?.(input, call as Call)
  const { success: _success, ...said } = Object(Reflect.get(Object(answer), 'body')) as Record<string, unknown> // each answers with an object
  return said
}
