/** A pasted picture that cannot be read: the person hears of it. */
import { useToast } from '@nuxt/ui/composables'
import { expect, onTestFinished, test, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import LiveViewKeyboard from '../../../renderer/components/live-view-keyboard.vue'
import LiveViewPaste from '../../../renderer/components/live-view-paste.vue'
import { alertText } from '../support/chosen-file.ts'
import { mountPage, settle } from '../support/mount.ts'

async function pastePicture(arrayBuffer: () => Promise<ArrayBuffer>): Promise<void> {
  const picture = Object.assign(new File(['.'], 'dock.png', { type: 'image/png' }), { arrayBuffer })
  const event = Object.assign(new Event('paste', { cancelable: true }), { clipboardData: { getData: () => '', files: [picture] } })
  document.querySelector('textarea')?.dispatchEvent(event)
  await settle()
}
const lost = () => Promise.reject(new Error('The picture is gone'))
const here = () => Promise.resolve(new Uint8Array([1, 2, 3]).buffer)

test('the dialog for a paste says why, and takes the next one', async () => {
  const [onPaste, onClose] = [vi.fn(), vi.fn()]
  const page = await mountPage(defineComponent(() => () => h(LiveViewPaste, { onPaste, onClose })))
  onTestFinished(() => page.unmount())
  await pastePicture(lost)
  expect(alertText()).toBe('The picture is gone')
  expect([onPaste.mock.calls, onClose.mock.calls]).toEqual([[], []])
  await pastePicture(here)
  expect(onPaste.mock.calls).toMatchObject([[{ type: 'paste', files: [{ name: 'dock.png', data: 'AQID' }] }]])
  expect(alertText()).toBe('')
})

test('a paste into the view itself is told in a notice', async () => {
  const onSend = vi.fn()
  const page = await mountPage(
    defineComponent(
      () => () => h(LiveViewKeyboard, { mine: true, place: { left: '0', top: '0' }, onSend, onFind: vi.fn(), onZoom: vi.fn() }),
    ),
  )
  onTestFinished(() => page.unmount())
  await pastePicture(lost)
  expect(onSend).not.toHaveBeenCalled()
  expect(useToast().toasts.value).toMatchObject([{ title: 'Nothing was pasted', description: 'The picture is gone' }])
})
