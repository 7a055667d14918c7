/** What is put up as a status and in a channel, as the engine sends it. */
import type { PostContent } from '../contract/native/posts.ts'
import type { Source } from '../contract/native/source.ts'
import type { Content } from '../engine/outgoing.ts'
import type { CarryingKind } from '../media/file-type.ts'
import type { Opened } from '../media/sources.ts'

/** `open` finds the bytes that it is to carry; see `media/sources.ts`. */
export async function postOf(
  body: PostContent,
  open: (source: Source & { mimetype?: string | undefined }, kind: CarryingKind) => Promise<Opened>,
): Promise<Content> {
  if (body.type === 'text') return { type: 'text', text: body.text }
  const { bytes, mimetype } = await open(body, body.type)
  return { type: body.type, bytes, caption: body.caption, mimetype }
}
