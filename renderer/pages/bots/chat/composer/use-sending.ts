/** What the composer sends: words, files one after the other, and what has a dialog of its own; an answer quotes what it answers. */
import { useApi, type Body } from '../../../../api/api.ts'
import type { BotView, MessageView, SentView } from '../../../../../server/bots/contract/index.ts'
import type { ChatMessage } from '../thread.ts'
import { uploadMedia } from '../media/upload-media.ts'
import { mediaBody, mediaDetails, type Attachment } from './attachments.ts'
import { withMentions, type Person } from './mentions.ts'

type Outgoing = Body<'bots', 'sendMessage'>
/** Without what every message has: whom it goes to, what it answers. */
export type Content = Outgoing extends infer Each ? (Each extends Outgoing ? Omit<Each, 'to' | 'replyTo'> : never) : never

/** What the chat shows until the log has the message. */
export interface Shown {
  text: string
  details: MessageView['details']
  quoted: ChatMessage['quoted']
}

export interface Sending {
  bot(): BotView
  chat(): string
  keyOf(message: ChatMessage): { id: string; fromMe: boolean; author?: string }
  sent(message: SentView, shown: Shown): void
}

export function useSending({ bot, chat, keyOf, sent }: Sending) {
  async function queue(content: Content, shown: Partial<Shown>, answering: ChatMessage | null): Promise<void> {
    const replyTo = answering === null ? {} : { replyTo: { ...keyOf(answering), text: answering.text } }
    const { message } = await useApi().bots.sendMessage({
      params: { userId: bot().userId },
      // Each kind of content is one of the union, which the compiler cannot see through the spread.
      body: { to: chat(), ...replyTo, ...content } as Outgoing,
    })
    const quoted = answering === null ? null : { id: answering.id, author: answering.author, kind: answering.kind, text: answering.text }
    sent(message, { text: '', details: {}, ...shown, quoted })
  }

  async function words(written: string, picked: readonly Person[], answering: ChatMessage | null): Promise<void> {
    const { text, mentions } = withMentions(written, picked)
    const named = mentions.length === 0 ? {} : { mentions }
    await queue({ type: 'text', text, ...named }, { text, details: named }, answering)
  }

  return {
    ...{ queue, words },
    /** The words go under the first file; files are sent one by one, so that what failed is known. `taken` is called after each. */
    async files(
      attachments: readonly Attachment[],
      written: string,
      picked: readonly Person[],
      answering: ChatMessage | null,
      taken: (attachment: Attachment) => void,
    ): Promise<void> {
      const { text, mentions } = withMentions(written, picked)
      const first = attachments[0]?.as
      // These have no place for words, which go before them.
      const wordless = first === 'voice' || first === 'note' || first === 'sticker'
      if (text !== '' && wordless) await words(written, picked, null)
      for (const [index, attachment] of attachments.entries()) {
        const { file, as } = attachment
        const media = mediaBody(file, await uploadMedia(bot().userId, file), index === 0 && !wordless ? text : '', as)
        const caption = 'caption' in media ? media.caption : ''
        const body = 'caption' in media && caption !== '' && mentions.length > 0 ? { ...media, mentions } : media
        await queue(
          body,
          { text: media.type === 'document' && caption === '' ? media.fileName : caption, details: mediaDetails(file, media) },
          index === 0 ? answering : null,
        )
        taken(attachment)
      }
    },
  }
}
