/** What the bubbles of one open chat share: names, bytes, and what is shown in large. */
import { computed, onScopeDispose, shallowRef, type Ref } from 'vue'
import type { BotView } from '../../../../server/bots/contract/index.ts'
import { fileName, saveFile } from '../../../files/save-file.ts'
import { provideChat, type ChatContext } from './context.ts'
import { mayLoad } from './media/kept-media.ts'
import { createMediaStore } from './media/media-store.ts'
import { readMedia } from './media/read-media.ts'
import { numberOf, personText } from './people.ts'
import type { ChatMessage } from './thread.ts'

export interface ChatParts {
  bot(): BotView
  messages: Readonly<Ref<readonly ChatMessage[]>>
  /** Names that are known from elsewhere, by WhatsApp id. */
  names(): ReadonlyMap<string, string>
  write(phoneNumber: string): void
  explain(message: ChatMessage): void
  readVotes(message: ChatMessage): void
}

export function useChat({ bot, messages, names, write, explain, readVotes }: ChatParts) {
  const media = createMediaStore({ read: readMedia })
  onScopeDispose(() => media.dispose())
  const authors = computed(() => {
    const found = new Map<string, string>()
    for (const { author, authorName, fromMe } of messages.value) if (!fromMe && authorName !== null) found.set(author, authorName)
    return found
  })
  const large = shallowRef<ChatMessage | null>(null)

  const isSelf = (id: string): boolean => id === '' || numberOf(id) === bot().phoneNumber
  const context: ChatContext = {
    media,
    ...{ write, explain, readVotes },
    isSelf,
    nameOf: (id) => (isSelf(id) ? 'You' : (authors.value.get(id) ?? names().get(id) ?? personText(id))),
    enlarge: (message) => void (large.value = message),
    async save(message) {
      const path = message.media?.url
      if (path == null) return
      const { blob } = await media.hold(path)
      media.release(path)
      saveFile(savedName(message), new Uint8Array(await blob.arrayBuffer()))
    },
  }
  provideChat(context)
  /** What can be stepped through in large. */
  const pictures = computed(() =>
    messages.value.filter(({ kind, media: kept, deleted }) => (kind === 'image' || kind === 'video') && deleted === null && mayLoad(kept)),
  )
  return { ...context, large, pictures }
}

const endings: Readonly<Record<string, string>> = { 'image/jpeg': 'jpg', 'audio/mpeg': 'mp3', 'audio/mp4': 'm4a', 'video/3gpp': '3gp' }

/** As the sender called it, else by kind and time. */
export function savedName({ kind, at, details }: Pick<ChatMessage, 'kind' | 'at' | 'details'>): string {
  const { fileName: given = null, mimetype = '' } = details.media ?? {}
  if (given !== null) return given.replaceAll(/[/\\]/g, '-')
  const type = mimetype.split(';')[0]?.trim() ?? ''
  const ending = endings[type] ?? type.split('/')[1]?.replace(/^x-/, '') ?? 'bin'
  return `${fileName(`${kind}-${at.slice(0, 19)}`)}.${fileName(ending)}`
}
