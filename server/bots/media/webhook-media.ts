/** The file of a message, for the webhooks that want it: as a link or, where it is small, as it is. Made for each call anew. */
import { inTime } from '../../async/deadline.ts'
import { iso } from '../../clock.ts'
import type { Complete } from '../../events/webhooks/caller.ts'
import type { MediaView } from '../contract/native/media-view.ts'
import { BotFault } from '../fault.ts'
import type { KeptFile } from './file-store.ts'
import type { MediaLinks } from './links.ts'

export interface WebhookMediaParts {
  links: MediaLinks
  /** The base of this API as receivers reach it. */
  base(): string
  view(userId: string, message: { chat: string; id: string }): MediaView | null
  /** The file, fetched now where it is not here. */
  get(userId: string, chat: string, messageId: string): Promise<KeptFile>
  whole(file: KeptFile): Promise<Buffer>
}

/** Bytes that are sent as base64; what is larger is linked. */
const mostInline = 5 * 1_048_576
/** Ms in which the file must be here; otherwise it is linked. */
const fetchedWithin = 15_000

export function completeWithMedia({ links, base, view, get, whole }: WebhookMediaParts): Complete {
  async function inline(
    userId: string,
    chat: string,
    id: string,
    size: number | null,
  ): Promise<{ mimetype: string | null; data: string } | null> {
    if ((size ?? 0) > mostInline) return null
    const file = await inTime(fetchedWithin, get(userId, chat, id), () => new BotFault('media-held', 'It takes too long'))
    return file.size > mostInline ? null : { mimetype: file.mimetype, data: (await whole(file)).toString('base64') }
  }

  return async ({ id: webhook, subject: userId, media: how }, body) => {
    if (how === 'none') return body
    const event = JSON.parse(body) as { type: string; data: { message?: { id: string; chat: string } } | null } // written by the dispatcher
    const message = event.type === 'message' ? event.data?.message : undefined
    const known = message === undefined ? null : view(userId, message)
    if (message === undefined || known === null) return body
    const { chat, id } = message
    const data = how === 'base64' ? await inline(userId, chat, id, known.size).catch(() => null) : null
    const { link, endsAt } = links.make({ userId, chat, messageId: id, webhook })
    // What became of it may have changed while it was fetched.
    const now = view(userId, message) ?? known
    const media = { ...now, url: `${base()}/api/media/${link}`, expiresAt: iso(endsAt), ...data }
    return JSON.stringify({ ...event, data: { ...event.data, message: { ...message, media } } })
  }
}
