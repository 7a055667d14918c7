/** What every bubble of an open chat may ask: who somebody is, the bytes of a message, and to show something large. */
import { inject, provide, type InjectionKey } from 'vue'
import type { MediaStore } from './media/media-store.ts'
import type { ChatMessage } from './thread.ts'

export interface ChatContext {
  /** A person by WhatsApp id, as everybody here calls them; the own account is "You". */
  nameOf(id: string): string
  isSelf(id: string): boolean
  media: MediaStore
  /** Pictures and videos in large, this one first. */
  enlarge(message: ChatMessage): void
  /** Saves the bytes as the person's own file. */
  save(message: ChatMessage): Promise<void>
  /** Has the votes of a poll read, once; they come with the message. */
  readVotes(message: ChatMessage): void
  /** Shows why a message was not sent, and what can be done. */
  explain(message: ChatMessage): void
  /** Opens the chat with a number. */
  write(phoneNumber: string): void
}

const key: InjectionKey<ChatContext> = Symbol('chat')

export const provideChat = (context: ChatContext): void => provide(key, context)

export function useChatContext(): ChatContext {
  const context = inject(key)
  if (context === undefined) throw new Error('a bubble stands in a chat')
  return context
}
