/** Binds the routes of files to their services. */
import { iso } from '../../clock.ts'
import type { Webhooks } from '../../events/webhooks/webhooks.ts'
import type { Call, handled, Handlers } from '../../http/api.ts'
import type { Bot } from '../bot/bot.ts'
import type { mediaRoutes } from '../contract/native/media.ts'
import { mostBytes } from '../contract/native/source.ts'
import { chatOf } from '../engine/address.ts'
import { BotFault } from '../fault.ts'
import { tooLarge } from '../media/fetched.ts'
import type { KeptFile } from '../media/file-store.ts'
import { usualTypes } from '../media/file-type.ts'
import type { Media } from '../media/media.ts'
import { boundaryOf, firstFile } from '../media/multipart.ts'
import type { Sources } from '../media/sources.ts'
import type { People } from '../people/people.ts'
import type { BotService } from '../service.ts'
import { sendFile } from './file-reply.ts'

export interface MediaParts {
  service: BotService
  people: People
  media: Media
  webhooks: Webhooks
}

export function mediaHandlers({ service, people, media, webhooks }: MediaParts): Handlers<typeof mediaRoutes> {
  return {
    uploadMedia: async ({ params, query }, call) => {
      const { userId } = service.get(params.userId).row
      const { id, name, mimetype, size, expiresAt, createdAt } = await take(media.sources, userId, query.name ?? null, call)
      return { status: 201, body: { success: true, upload: { id, name, mimetype, size, expiresAt: iso(expiresAt ?? createdAt) } } }
    },
    messageMedia: ({ params: { userId, messageId }, query }, call) =>
      give(media, service.get(userId), { chat: people.idOf(userId, chatOf(query.chat)), messageId }, call),
    linkedMedia: ({ params }, call) => {
      const message = media.links.open(params.link)
      const bot = message === null ? undefined : service.find(message.userId)
      const isStanding = message !== null && webhooks.list('bots', message.userId).some(({ id }) => id === message.webhook)
      if (bot === undefined || !isStanding) throw new BotFault('media-not-found', 'There is no such file, or its address has ended')
      // Whoever shows it to a browser tells nobody where it is from.
      call.node.response.setHeader('referrer-policy', 'no-referrer')
      return give(media, bot, { ...message, chat: people.idOf(message.userId, message.chat) }, call)
    },
  }
}

/** Throws as `Media.get` does. */
export async function give(
  media: Media,
  bot: Bot,
  { chat, messageId }: { chat: string; messageId: string },
  call: Call,
): Promise<typeof handled> {
  const file = await media.get(bot, chat, messageId)
  return sendFile({ ...file, mimetype: file.mimetype ?? usualTypes.document, read: (range) => media.read(file, range) }, call)
}

async function take(sources: Sources, userId: string, name: string | null, { node: { request } }: Call): Promise<KeptFile> {
  // Whoever is refused in the middle is to hear why: the connection stays for that.
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer> // without an encoding a request gives buffers
  const contentType = request.headers['content-type']
  const boundary = boundaryOf(contentType)
  try {
    if (Number(request.headers['content-length'] ?? 0) > mostBytes.file + 1_048_576) throw tooLarge(mostBytes.file)
    if (boundary === null) return await sources.take(userId, body, { name, mimetype: contentType ?? null })
    const file = await firstFile(body, boundary)
    return await sources.take(userId, file.content, { name: name ?? file.name, mimetype: file.mimetype })
  } catch (error) {
    if (request.destroyed && !request.complete) throw new BotFault('upload-malformed', 'The file ended before it was whole')
    throw error
  } finally {
    // The rest is not wanted; whoever sends it learns why by the answer.
    request.resume()
  }
}
