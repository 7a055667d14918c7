/** Calls about statuses. */
import type { WASocket } from 'baileys'
import type { Content } from '../outgoing.ts'
import { postProblem } from '../post-refusals.ts'
import { statusChat, type StatusCalls } from '../status.ts'
import type { Sender } from './sending.ts'

export function createStatusCalls(library: typeof import('baileys'), socket: WASocket, sender: Sender): StatusCalls {
  // The phone, and the account's other devices, show it among one's own.
  const withOwn = (audience: readonly string[]): string[] => [...new Set([...audience, library.jidNormalizedUser(socket.user?.id)])]
  async function send(content: Content, messageId: string, audience: readonly string[]): Promise<void> {
    try {
      await (
        await sender.send(statusChat, content, { id: messageId, replyTo: null, timer: 0, audience: withOwn(audience) })
      ).confirmed
    } catch (error) {
      throw postProblem(error)
    }
  }

  return {
    post: send,
    remove: (postId, messageId, audience) => send({ type: 'delete', of: { id: postId, fromMe: true } }, messageId, audience),
  }
}
