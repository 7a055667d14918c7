/** Tools that send, change and delete; each waits until WhatsApp has it, or says that it still waits. */
import { z } from 'zod'
import { waitFor } from '../../async/deadline.ts'
import { edited, outgoing, outgoingContent } from '../../bots/contract/native/outgoing.ts'
import { chatOf } from '../../bots/engine/address.ts'
import type { OutboxRow } from '../../bots/messages/outbox-store.ts'
import { sentView } from '../../bots/messages/views.ts'
import { builtInTool, type BuiltInTool, type ToolContent } from '../../relay/built-in/server.ts'
import { facts, words } from '../content.ts'
import { botInput, chatInput, keyInput, messageInput, reached, type BotAccess } from './access.ts'

/** How far a message comes without anybody's phone. */
const stepsOut = ['queued', 'sending', 'sent'] as const
const isUnderway = (status: string): boolean => status === 'queued' || status === 'sending'
const waitInput = z.number().int().min(0).max(30).default(10).describe('Seconds to wait for WhatsApp')

type ToolCall = Parameters<BuiltInTool['run']>[1]

export function sendingTools(access: BotAccess): BuiltInTool[] {
  /** What has become of it within so many seconds. */
  async function followed(bot: string, row: OutboxRow, wait: number, { signal, progress }: ToolCall): Promise<ToolContent[]> {
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
        if (!isUnderway(access.outbox.row(bot, row.messageId).status)) done()
        return access.messages.subscribe(bot, (event) => {
          if (event.type !== 'progress' || event.message.messageId !== row.messageId) return
          void report(event.message.status)
          if (!isUnderway(event.message.status)) done()
        })
      },
      { signal },
    )
    const now = access.outbox.row(bot, row.messageId)
    // It may have got there before anybody listened.
    await report(now.status)
    return facts(sentView(now))
  }

  return [
    builtInTool({
      name: 'bot_send',
      title: 'Send a message',
      description:
        'Queues a text and waits until WhatsApp has it, or says that it still waits. A repeated call with the same key sends once.',
      input: botInput.extend({
        to: chatInput,
        text: z.string().min(1).max(65_536),
        key: keyInput,
        wait: waitInput,
      }),
      readOnly: false,
      right: 'bots:use',
      destructive: true,
      about: ({ userId }) => userId,
      run({ userId, to, text, key, wait }, call) {
        const row = access.outbox.add(reached(access, userId, call.standing), {
          chat: chatOf(to),
          content: { type: 'text', text },
          replyTo: null,
          idempotencyKey: key ?? null,
        })
        return followed(userId, row, wait, call)
      },
    }),
    builtInTool({
      name: 'bot_send_message',
      title: 'Send a message of any kind',
      description:
        'Queues a text with mentions or a link preview, a picture, video, voice note, document or sticker (by data in base64, url or upload), a place, contacts, a poll, a reaction, or passes a message on (forward); also as an answer to another message. Waits until WhatsApp has it.',
      input: botInput.extend({
        to: chatInput,
        message: outgoingContent,
        replyTo: outgoing.def.left.shape.replyTo.describe('The message that is answered'),
        key: keyInput,
        wait: waitInput,
      }),
      readOnly: false,
      right: 'bots:use',
      destructive: true,
      about: ({ userId }) => userId,
      async run({ userId, to, message, replyTo, key, wait }, call) {
        const bot = reached(access, userId, call.standing)
        const row = await access.composer.send(bot, { to, replyTo, ...message }, { idempotencyKey: key ?? null, signal: call.signal })
        return followed(userId, row, wait, call)
      },
    }),
    builtInTool({
      name: 'bot_edit',
      title: 'Change what a message says',
      description:
        'Changes the words of a message that the bot sent in the last 15 minutes, or those under its picture, video or document, for everybody who has it.',
      input: botInput.extend({ messageId: messageInput, chat: chatInput.optional(), ...edited.shape, key: keyInput, wait: waitInput }),
      readOnly: false,
      right: 'bots:use',
      destructive: true,
      about: ({ userId }) => userId,
      async run({ userId, messageId, chat, key, wait, ...change }, call) {
        const bot = reached(access, userId, call.standing)
        const asked = { idempotencyKey: key ?? null, signal: call.signal }
        return followed(userId, await access.composer.edit(bot, messageId, change, { chat }, asked), wait, call)
      },
    }),
    builtInTool({
      name: 'bot_delete',
      title: 'Delete a message for everybody',
      description:
        'Deletes what the bot sent in the last two and a half days, or as admin of a group what others wrote there. One that still waits in the queue is taken out of it. It cannot be undone.',
      input: botInput.extend({
        messageId: messageInput,
        chat: chatInput.optional().describe('Needed for what is not in the log'),
        author: chatInput.optional().describe('Who wrote it, where it is of somebody else and not in the log'),
        key: keyInput,
        wait: waitInput,
      }),
      readOnly: false,
      right: 'bots:use',
      destructive: true,
      about: ({ userId }) => userId,
      async run({ userId, messageId, chat, author, key, wait }, call) {
        const row = access.composer.deleteForAll(reached(access, userId, call.standing), messageId, { chat, author }, key ?? null)
        return row === null ? words('It was still waiting, and is taken out of the queue') : followed(userId, row, wait, call)
      },
    }),
  ]
}
