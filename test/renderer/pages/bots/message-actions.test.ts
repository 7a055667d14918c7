/** The text of a message where the browser gives no clipboard, as on plain HTTP. */
import { useToast } from '@nuxt/ui/composables'
import { expect, onTestFinished, test, vi } from 'vitest'
import { unchanged } from '../../../../renderer/pages/bots/chat/thread.ts'
import { useMessageActions, type MessageActions } from '../../../../renderer/pages/bots/chat/use-message-actions.ts'
import { settle } from '../../support/mount.ts'
import { bot } from './sample-bot.ts'
import { ann, logged } from './sample-messages.ts'

test('a text that cannot be copied is told', async () => {
  vi.spyOn(navigator, 'clipboard', 'get').mockReturnValue(undefined as unknown as Clipboard)
  const copies = vi.fn(() => false)
  Reflect.set(document, 'execCommand', copies)
  onTestFinished(() => {
    vi.restoreAllMocks()
    Reflect.deleteProperty(document, 'execCommand')
  })
  useToast().clear()
  // Copying asks nothing of the thread.
  const thread = {} as MessageActions['thread']
  const { moreOf } = useMessageActions({ bot: () => bot(), chat: () => ann, thread, queued: () => undefined })
  const message = { ...logged(1, { chat: ann, text: 'Dock 4' }), ...unchanged, delivery: null, problem: null }
  const copy = moreOf(message).find(({ label }) => label === 'Copy the text')
  copy?.onSelect?.(new Event('select'))
  await settle()
  expect(copies).toHaveBeenCalledWith('copy')
  expect(useToast().toasts.value).toMatchObject([{ title: 'Nothing was copied' }])
})
