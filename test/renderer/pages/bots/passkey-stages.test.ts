/** Linking an account that asks for a passkey, with the ceremony switched on: what the window says at each stage. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import LinkBotPage from '../../../../renderer/pages/bots/link/link-bot-page.vue'
import { useBots } from '../../../../renderer/stores/bots.ts'
import type { BotView } from '../../../../server/bots/contract/index.ts'
import { reply, type FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, type MountedPage } from '../../support/mount.ts'
import { at, bot, serverWith } from './sample-bot.ts'

type Passkey = NonNullable<NonNullable<BotView['pairing']>['passkey']>

const linking = (passkey: Passkey | null): BotView =>
  bot({
    state: 'pairing',
    linkedAt: null,
    pairing: {
      code: 'ABCD-1234',
      problem: null,
      qr: 'https://wa.me/settings/linked_devices#example',
      qrEndsAt: at(-20),
      endsAt: at(-600),
      passkey,
    },
  })

let now: BotView
let server: FakeTransport
let page: MountedPage

beforeEach(async () => {
  now = linking(null)
  server = serverWith(now).on('GET /bots/v1/bots', () => ({ bots: [now], demo: false }))
  page = await mountPage(LinkBotPage, { server, path: '/bots/link?bot=gate' })
  await settle()
})
afterEach(() => page.unmount())

async function becomes(next: BotView): Promise<void> {
  now = next
  await useBots().refresh()
  await settle()
}
const panel = (): string => document.querySelector('[aria-label=Passkey]')?.textContent ?? ''

it('takes the place of code and QR, and leads through the browser and the comparison of codes to the first message', async () => {
  expect([panel(), page.text().includes('Type this code on the phone')]).toEqual(['', true])

  await becomes(linking({ stage: 'browser', code: null }))
  expect(page.text()).toContain('Confirm it with the passkey')
  expect(page.text()).not.toContain('Type this code on the phone')
  expect(panel()).toContain('experimental')
  expect(panel()).toContain('Use the passkey in the window that has opened')

  await becomes(linking({ stage: 'sending', code: null }))
  expect(panel()).toContain('The passkey was accepted')
  expect(document.querySelectorAll('[aria-label=Passkey] button')).toHaveLength(0)

  await becomes(linking({ stage: 'confirm', code: 'WXYZ-5678' }))
  expect(panel()).toContain('Is the same code on the phone?')
  expect(document.querySelector('[aria-label=Passkey] [role=img][aria-label^=Code]')?.getAttribute('aria-label')).toBe(
    'Code W X Y Z - 5 6 7 8',
  )

  server.on('POST /bots/v1/bots/gate/passkey/confirm', () => {
    now = linking({ stage: 'linking', code: 'WXYZ-5678' })
    return now
  })
  await page.click('It is the same code')
  expect(server.sent('POST /bots/v1/bots/gate/passkey/confirm')).toHaveLength(1)
  expect(panel()).toContain('The phone has accepted')

  await becomes(bot())
  expect(panel()).toBe('')
  expect(document.querySelector('[aria-current=step]')?.textContent).toContain('First message')
})

it('is stopped while the browser waits, and when the phone shows another code', async () => {
  server.on('POST /bots/v1/bots/gate/stop', () => linking(null))
  await becomes(linking({ stage: 'browser', code: null }))
  await page.click('Stop linking')
  await becomes(linking({ stage: 'confirm', code: 'WXYZ-5678' }))
  await page.click('It is another one: stop')
  expect(server.sent('POST /bots/v1/bots/gate/stop')).toHaveLength(2)
  expect(server.sent('POST /bots/v1/bots/gate/passkey/confirm')).toHaveLength(0)
})

it('says it when there is no code to confirm any more', async () => {
  server.on('POST /bots/v1/bots/gate/passkey/confirm', () =>
    reply(409, { success: false, message: 'There is no code of a passkey to confirm' }),
  )
  await becomes(linking({ stage: 'confirm', code: 'WXYZ-5678' }))
  await page.click('It is the same code')
  expect(page.text()).toContain('It was not confirmed')
})
