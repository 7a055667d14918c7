/** Channels and their posts, as they stand in WhatsApp's JSON and stanzas. */
import type { BinaryNode } from 'baileys'
import { z } from 'zod'
import type { Channel, Post } from '../channels.ts'
import { readContent } from './content.ts'
import { childOf, childrenOf, msOf } from './nodes.ts'

const text = z.coerce.string().nullish().catch(null)
const words = z.object({ text }).nullish().catch(null)
/** As much of it as is used; WhatsApp leaves out what it likes. */
const shape = z.object({
  id: z.string(),
  thread_metadata: z
    .object({
      name: words,
      description: words,
      invite: text,
      subscribers_count: z.coerce.number().catch(0),
      creation_time: text,
      verification: text,
    })
    .partial(),
  viewer_metadata: z.object({ mute: text, role: text }).nullish().catch(null),
})

const roles: Readonly<Record<string, Channel['role']>> = { OWNER: 'owner', ADMIN: 'admin', SUBSCRIBER: 'follower' }

/** null for what is no channel. */
export function channelOf(said: unknown): Channel | null {
  const read = shape.safeParse(said)
  if (!read.success) return null
  const { id, thread_metadata: thread, viewer_metadata: viewer } = read.data
  return {
    id,
    name: thread.name?.text ?? '',
    description: thread.description?.text ?? '',
    invite: thread.invite ?? null,
    followers: thread.subscribers_count ?? 0,
    createdAt: msOf(thread.creation_time ?? undefined),
    verified: thread.verification === 'VERIFIED',
    role: roles[viewer?.role?.toUpperCase() ?? ''] ?? 'guest',
    muted: viewer?.mute?.toUpperCase() === 'ON',
  }
}

/** The newest first; what cannot be read is left out. */
export function postsIn(list: BinaryNode | undefined, library: typeof import('baileys')): Post[] {
  return childrenOf(list, 'message')
    .flatMap((node) => postOf(node, library) ?? [])
    .sort((one, other) => Number(other.serverId) - Number(one.serverId))
}

function postOf(node: BinaryNode, library: typeof import('baileys')): Post | null {
  const { server_id: serverId, id, t } = node.attrs
  const plain = childOf(node, 'plaintext')?.content
  if (serverId === undefined || !(plain instanceof Uint8Array)) return null
  try {
    const content = library.normalizeMessageContent(library.proto.Message.decode(plain)) ?? {}
    const { kind, text, details } = readContent(content, false)
    return {
      ...{ serverId, id: id ?? serverId, at: msOf(t) ?? 0, kind, text, details },
      views: Number(childOf(node, 'views_count')?.attrs['count']) || 0,
      reactions: childrenOf(childOf(node, 'reactions'), 'reaction').map(({ attrs }) => ({
        emoji: attrs['code'] ?? '',
        count: Number(attrs['count']) || 0,
      })),
    }
  } catch {
    return null
  }
}
