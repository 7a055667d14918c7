/** Tools that read: which bots there are, what was kept of their messages, and the files of those. */
import { z } from 'zod'
import { chatOf } from '../../bots/engine/address.ts'
import { loggedView } from '../../bots/messages/views.ts'
import { iso } from '../../clock.ts'
import { builtInTool, type BuiltInTool } from '../../relay/built-in/server.ts'
import { facts } from '../content.ts'
import { botInput, chatInput, isReached, messageInput, reached, type BotAccess } from './access.ts'

/** A picture that is shown in the answer itself; what is larger is named. */
const mostShown = 1_048_576

export function readingTools(access: BotAccess): BuiltInTool[] {
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
          access.service
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
      input: botInput.extend({
        chat: chatInput.optional(),
        text: z.string().max(200).optional().describe('Only messages that contain it'),
        before: z.number().int().positive().optional().describe('Only messages with a smaller number; for the next page'),
        limit: z.number().int().min(1).max(200).default(50),
      }),
      readOnly: true,
      right: 'bots:use',
      about: ({ userId }) => userId,
      run({ userId, chat: of, text, before, limit }, { standing }) {
        const { row } = reached(access, userId, standing)
        const { items } = access.log.read(userId, { limit, text, before, chat: of === undefined ? undefined : chatOf(of) })
        return facts({ keepsLog: row.settings.keepsLog, messages: items.map((item) => loggedView(item, access.media.view(userId, item))) })
      },
    }),
    builtInTool({
      name: 'bot_media',
      title: 'See the file of a message',
      description:
        'The picture or file that came with a message or was sent. A picture of up to 1 MiB is in the answer; of others there are type, size, name and the address at the bots API. It is fetched from WhatsApp where it is not kept any more.',
      input: botInput.extend({ messageId: messageInput, chat: chatInput }),
      readOnly: true,
      right: 'bots:use',
      about: ({ userId }) => userId,
      async run({ userId, messageId, chat }, { standing }) {
        const bot = reached(access, userId, standing)
        const id = access.people.idOf(userId, chatOf(chat))
        const file = await access.media.get(bot, id, messageId)
        const { mimetype, size, name } = file
        const told = facts({ mimetype, size, name, ...access.media.view(userId, { chat: id, id: messageId }) })
        if (mimetype === null || !mimetype.startsWith('image/') || size > mostShown) return told
        const parts: Uint8Array[] = []
        for await (const part of access.media.read(file)) parts.push(part as Uint8Array) // files are read as bytes
        return [{ type: 'image', data: Buffer.concat(parts).toString('base64'), mimeType: mimetype }, ...told]
      },
    }),
  ]
}
