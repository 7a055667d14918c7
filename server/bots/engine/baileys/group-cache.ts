/**
 * The members of groups, asked for once: the library would ask before each message to a group. Whatever WhatsApp tells of a group's members
 * or settings makes what is known of it old, and the next message asks again.
 */
import type { BinaryNode, GroupMetadata, WASocket } from 'baileys'

export interface GroupCache {
  of(id: string): Promise<GroupMetadata>
  /** What was heard on another way. */
  keep(groups: readonly GroupMetadata[]): void
  /** We have changed it ourselves. */
  forget(id: string): void
  attach(socket: WASocket): void
}

/** Changes of these leave members and settings as they were. */
const harmless = new Set(['subject', 'description', 'invite'])

export function createGroupCache(): GroupCache {
  const known = new Map<string, Promise<GroupMetadata>>()
  let socket: WASocket | null = null

  async function ask(id: string): Promise<GroupMetadata> {
    if (socket === null) throw new Error('there is no connection yet')
    return socket.groupMetadata(id)
  }

  return {
    of(id) {
      const held = known.get(id)
      if (held !== undefined) return held
      const asked = ask(id)
      known.set(id, asked)
      // Only what came is kept: a refusal is no answer.
      asked.catch(() => known.get(id) === asked && known.delete(id))
      return asked
    },
    keep(groups) {
      for (const group of groups) known.set(group.id, Promise.resolve(group))
    },
    forget: (id) => void known.delete(id),
    attach(made) {
      socket = made
      made.ws.prependListener('CB:notification,type:w:gp2', ({ attrs, content }: BinaryNode) => {
        const changes = Array.isArray(content) ? content : []
        if (!changes.every(({ tag }) => harmless.has(tag))) known.delete(attrs['from'] ?? '')
      })
    },
  }
}
