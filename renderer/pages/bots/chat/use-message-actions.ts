/** What a person does with one message of the open chat. */
import type { DropdownMenuItem } from '@nuxt/ui'
import { ref, shallowRef } from 'vue'
import type { BotView } from '../../../../server/bots/contract/index.ts'
import { useApi } from '../../../api/api.ts'
import { copyText } from '../../../desktop/desktop.ts'
import { useReportedAction } from '../../../use/use-action.ts'
import { useReport } from '../../../use/use-report.ts'
import { isGroup } from './people.ts'
import type { ChatMessage } from './thread.ts'
import type { useThread } from './use-thread.ts'

/** Ms: how long WhatsApp takes an edit, and a deletion for all. */
const editable = 15 * 60_000
const deletable = 60 * 3_600_000
/** Kinds whose words can be changed. */
const worded = new Set(['text', 'image', 'video', 'document'])
/** Kinds that go to others as they are. */
const passable = new Set(['text', 'image', 'video', 'audio', 'document', 'sticker', 'location', 'contact'])

export interface MessageActions {
  bot(): BotView
  chat(): string
  thread: ReturnType<typeof useThread>
  /** Something new waits in the queue. */
  queued(): void
}

export function useMessageActions({ bot, chat, thread, queued }: MessageActions) {
  const report = useReport()
  const { run: attempt } = useReportedAction()
  const answering = ref<ChatMessage | null>(null)
  const editing = ref<ChatMessage | null>(null)
  /** The one that is passed on, and the one that is deleted for all, once somebody has confirmed it. */
  const forwarding = shallowRef<ChatMessage | null>(null)
  const deleting = shallowRef<ChatMessage | null>(null)
  const params = (message: ChatMessage) => ({ userId: bot().userId, messageId: message.id })

  function keyOf({ id, fromMe, author }: ChatMessage): { id: string; fromMe: boolean; author?: string } {
    return { id, fromMe, ...(isGroup(chat()) && author !== '' ? { author } : {}) }
  }

  const copy = (text: string): Promise<boolean> => attempt('Nothing was copied', () => copyText(text))

  function moreOf(message: ChatMessage): DropdownMenuItem[] {
    const { kind, text, fromMe, deleted, delivery, details } = message
    const age = Date.now() - Date.parse(message.at)
    const there = deleted === null && delivery !== 'queued' && delivery !== 'sending' && delivery !== 'failed'
    return [
      ...(text === '' || deleted === 'gone' ? [] : [{ label: 'Copy the text', icon: 'i-lucide-copy', onSelect: () => void copy(text) }]),
      ...(there && passable.has(kind) && details.viewOnce !== true
        ? [{ label: 'Forward', icon: 'i-lucide-forward', onSelect: () => void (forwarding.value = message) }]
        : []),
      ...(there && fromMe && age < editable && worded.has(kind) && details.choice === undefined
        ? [
            {
              label: 'Edit',
              icon: 'i-lucide-pencil',
              onSelect() {
                answering.value = null
                editing.value = message
              },
            },
          ]
        : []),
      ...(there && fromMe && age < deletable
        ? [
            {
              label: 'Delete for everyone',
              icon: 'i-lucide-trash-2',
              color: 'error' as const,
              onSelect: () => void (deleting.value = message),
            },
          ]
        : []),
    ]
  }

  return {
    ...{ answering, editing, forwarding, deleting, keyOf, moreOf },
    reply(message: ChatMessage): void {
      editing.value = null
      answering.value = message
    },
    async react(message: ChatMessage, emoji: string): Promise<void> {
      await attempt('The reaction was not queued', () =>
        useApi().bots.sendMessage({
          params: { userId: bot().userId },
          body: { to: chat(), type: 'reaction', emoji, message: keyOf(message) },
        }),
      )
    },
    async takeBack(message: ChatMessage): Promise<void> {
      await attempt('The message was not taken back', async () => {
        await useApi().bots.cancelMessage({ params: params(message) })
        thread.drop(message.id)
        queued()
      })
    },
    /** Throws what the server has against it. */
    async edit(message: ChatMessage, text: string): Promise<void> {
      await useApi().bots.editMessage({ params: params(message), query: { chat: chat() }, body: { text } })
      thread.put({ ...message, text, edited: true })
    },
    async deleteForAll(message: ChatMessage): Promise<void> {
      await useApi().bots.cancelMessage({ params: params(message), query: { for: 'all', chat: chat() } })
      deleting.value = null
      report.done('The deletion is on its way')
    },
    async forward(message: ChatMessage, chats: readonly string[]): Promise<void> {
      for (const to of chats)
        await useApi().bots.sendMessage({
          params: { userId: bot().userId },
          body: { to, type: 'forward', message: message.id, from: chat() },
        })
      queued()
      report.done(chats.length === 1 ? 'It is passed on' : `It is passed on to ${chats.length} chats`)
    },
  }
}
