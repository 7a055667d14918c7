/** What a person does with one message of the open chat. */
import type { DropdownMenuItem } from '@nuxt/ui'
import { ref } from 'vue'
import type { BotView } from '../../../../server/bots/contract/index.ts'
import { useApi } from '../../../api/api.ts'
import { useReportedAction } from '../../../use/use-action.ts'
import { useReport } from '../../../use/use-report.ts'
import { isGroup } from './people.ts'
import type { ChatMessage } from './thread.ts'
import type { useThread } from './use-thread.ts'

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
  const params = (message: ChatMessage) => ({ userId: bot().userId, messageId: message.id })

  function keyOf({ id, fromMe, author }: ChatMessage): { id: string; fromMe: boolean; author?: string } {
    return { id, fromMe, ...(isGroup(chat()) && author !== '' ? { author } : {}) }
  }

  async function copy(text: string): Promise<void> {
    await navigator.clipboard.writeText(text).catch((failure: unknown) => report.failed('Nothing was copied', failure))
  }

  function moreOf(message: ChatMessage): DropdownMenuItem[] {
    const { text, deleted } = message
    return [
      ...(text === '' || deleted === 'gone' ? [] : [{ label: 'Copy the text', icon: 'i-lucide-copy', onSelect: () => void copy(text) }]),
    ]
  }

  return {
    ...{ answering, editing, keyOf, moreOf },
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
  }
}
