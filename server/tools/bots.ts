/** What an MCP client may do with WhatsApp bots through the relay: see them, read what was kept, send text. */
import { z } from 'zod'
import { iso } from '../clock.ts'
import { BotFault } from '../bots/fault.ts'
import type { Standing } from '../http/rights.ts'
import type { Bot } from '../bots/bot/bot.ts'
import type { Messages } from '../bots/messages/messages.ts'
import { loggedView, sentView } from '../bots/messages/views.ts'
import { chatOf } from '../bots/engine/address.ts'
import type { Media } from '../bots/media/media.ts'
import type { LogStore } from '../bots/messages/log-store.ts'
import type { Outbox } from '../bots/messages/outbox.ts'
import type { BotService } from '../bots/service.ts'
import { builtInTool, type BuiltInTool } from '../relay/built-in/server.ts'
import { facts } from './content.ts'
import { waitFor } from '../async/deadline.ts'

export interface BotAccess {
  service: Pick<BotService, 'list' | 'get'>
  log: Pick<LogStore, 'read'>
  media: Pick<Media, 'view'>
  outbox: Pick<Outbox, 'add' | 'row' | 'cappedUntil'>
  messages: Pick<Messages, 'subscribe'>
}

const bot = z.object({ userId: z.string().min(1).max(200).describe('The bot’s userId, from bots_list') })
const chat = z
  .string()
  .regex(/^(\d{7,15}|[0-9-]{5,40}@(s\.whatsapp\.net|g\.us|lid))$/, 'A phone number in digits, or a chat id')
  .describe('A phone number in digits, or a chat id')
/** How far a message comes without anybody's phone. */
const stepsOut = ['queued', 'sending', 'sent'] as const
const isUnderway = (status: string): boolean => status === 'queued' || status === 'sending'

const isReached = (standing: Standing, { row }: Bot): boolean => standing.reaches('bots', { subject: row.userId, makers: [row.madeBy] })

export function botTools({ service, log, media, outbox, messages }: BotAccess): BuiltInTool[] {
  /** One of somebody else is answered as one that is not there. */
  const get = (userId: string, standing: Standing): Bot => {
    const found = service.get(userId)
    if (!isReached(standing, found)) throw new BotFault('bot-not-found', 'Session not found')
    return found
  }
  return [
    builtInTool({
      name: 'bots_list',
      title: 'List bots',
      description: 'The WhatsApp bots with their state, and whether what they hear is kept for bot_read.',
      input: z.object({}),
      readOnly: true,
      right: 'bots:use',
      run: (_, { standing }) =>
        facts(
          service
            .list()
            .filter((each) => isReached(standing, each))
            .map(({ row, state }) => ({
              userId: row.userId,
              label: row.label,
              phoneNumber: row.phoneNumber,
              state,
              since: iso(row.since),
              reason: row.reason,
              keepsLog: row.settings.keepsLog,
            })),
        ),
    }),
    builtInTool({
      name: 'bot_read',
      title: 'Read messages of a bot',
      description: 'Messages a bot received and sent, newest first, as far as its log is kept.',
      input: bot.extend({
        chat: chat.optional(),
        text: z.string().max(200).optional().describe('Only messages that contain it'),
        before: z.number().int().positive().optional().describe('Only messages with a smaller number; for the next page'),
        limit: z.number().int().min(1).max(200).default(50),
      }),
      readOnly: true,
      right: 'bots:use',
      about: ({ userId }) => userId,
      run({ userId, chat: of, text, before, limit }, { standing }) {
        const { row } = get(userId, standing)
        const { items } = log.read(userId, { limit, text, before, chat: of === undefined ? undefined : chatOf(of) })
        return facts({ keepsLog: row.settings.keepsLog, messages: items.map((item) => loggedView(item, media.view(userId, item))) })
      },
    }),
    builtInTool({
      name: 'bot_send',
      title: 'Send a message',
      description:
        'Queues a text and waits until WhatsApp has it, or says that it still waits. A repeated call with the same key sends once.',
      input: bot.extend({
        to: chat,
        text: z.string().min(1).max(65_536),
        key: z.string().min(1).max(255).optional().describe('Makes a repetition of this call harmless'),
        wait: z.number().int().min(0).max(30).default(10).describe('Seconds to wait for WhatsApp'),
      }),
      readOnly: false,
      right: 'bots:use',
      destructive: true,
      about: ({ userId }) => userId,
      async run({ userId, to, text, key, wait }, { standing, signal, progress }) {
        const row = outbox.add(get(userId, standing), {
          chat: chatOf(to),
          content: { type: 'text', text },
          replyTo: null,
          idempotencyKey: key ?? null,
        })
        const report = async (status: string): Promise<void> => {
          // What has been delivered or read was sent before.
          const step = status === 'delivered' || status === 'read' ? stepsOut.length - 1 : stepsOut.findIndex((each) => each === status)
          if (step >= 0) await progress(step, stepsOut.length - 1, status)
        }
        await report(row.status)
        await waitFor(
          wait * 1_000,
          (done) => {
            // It may have gone out before anybody listened.
            if (!isUnderway(outbox.row(userId, row.messageId).status)) done()
            return messages.subscribe(userId, (event) => {
              if (event.type !== 'progress' || event.message.messageId !== row.messageId) return
              void report(event.message.status)
              if (!isUnderway(event.message.status)) done()
            })
          },
          { signal },
        )
        const reached = outbox.row(userId, row.messageId)
        // It may have got there before anybody listened.
        await report(reached.status)
        return facts(sentView(reached))
      },
    }),
  ]
}
