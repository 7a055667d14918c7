/** Statuses: seen for a day by those whom whoever puts one up has chosen. */
import type { Content } from './outgoing.ts'

/** The chat under which they come. */
export const statusChat = 'status@broadcast'

/** Both throw what `send` of the connection throws. */
export interface StatusCalls {
  /** Resolves when WhatsApp has it. `audience`: people by their ids. */
  post(content: Content, messageId: string, audience: readonly string[]): Promise<void>
  /** For all who were to see it. */
  remove(postId: string, messageId: string, audience: readonly string[]): Promise<void>
}
