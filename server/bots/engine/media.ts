/** How the files that came with messages are had. */
import type { MediaKeys } from './media-keys.ts'
import type { MessageKey } from './message.ts'

export interface MediaCalls {
  /**
   * The file as it comes. What was read is good when it has ended without throwing: `media-gone` where WhatsApp has it no more,
   * `media-broken` where it is not what was sent, `media-held` where it may be had later.
   */
  read(keys: MediaKeys): AsyncIterable<Buffer>
  /** Has the phone put it up again; the new way to it. Throws `media-gone`, and `media-held` when the phone says nothing. */
  askAgain(keys: MediaKeys, chat: string, message: MessageKey): Promise<MediaKeys>
}
