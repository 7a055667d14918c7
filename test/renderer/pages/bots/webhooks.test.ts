/** The webhooks of one bot, over a server at the network's edge. */
import { afterEach, expect, it, vi } from 'vitest'
import BotPage from '../../../../renderer/pages/bots/bot-page.vue'
import { badWaits, choicesOf, emptyDraft } from '../../../../renderer/pages/bots/webhooks/webhook-draft.ts'
import { patience } from '../../../fixtures/patience.ts'
import { reply, type FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, type MountedPage } from '../../support/mount.ts'
import { at, bot, serverWith } from './sample-bot.ts'

const session = '/bots/api/sessions/gate'
const ann = '15550100011@s.whatsapp.net'
const webhook = {
  id: 'webhook_0123456789abcdef',
  url: 'https://example.com/hook',
  types: ['message'],
  ordered: false,
  chats: [],
  where: 'anywhere',
  headers: [],
  atOnce: 8,
  waits: null,
  keepFor: 7,
  media: 'none',
  standing: 'on',
  standingSince: null,
  createdAt: at(),
  waiting: 0,
  dead: 0,
  dropped: 0,
}
const own = `${session}/webhooks/${webhook.id}`
const delivery = {
  number: 1,
  id: 'delivery_01234567890123456789',
  type: 'message',
  chat: ann,
  state: 'delivered',
  replay: false,
  attempts: 2,
  problem: null,
  status: 200,
  ms: 41,
  createdAt: at(),
  deliveredAt: at(),
  nextAt: null,
}

let mounted: MountedPage | null = null
afterEach(() => mounted?.unmount())

async function open(server: FakeTransport): Promise<MountedPage> {
  mounted = await mountPage(BotPage, { server, path: '/bots/gate/webhooks' })
  await settle()
  return mounted
}
const serverOf = (changes: object = {}): FakeTransport =>
  serverWith(bot())
    .on(`GET ${session}/webhooks`, () => ({ success: true, webhooks: [{ ...webhook, ...changes }] }))
    .on(`GET ${own}/deliveries`, () => ({ success: true, deliveries: [delivery], next: null }))
    .on(`GET ${own}/dead-letters`, () => ({
      success: true,
      deliveries: [{ id: 'd1', type: 'message', attempts: 7, problem: 'answered 500', createdAt: at() }],
    }))
const press = async (selector: string): Promise<void> => {
  const found = document.querySelector<HTMLElement>(selector)
  if (found === null) throw new Error(`nothing is ${selector}`)
  found.click()
  await settle()
}
/** A form is judged before it is sent, which takes as long as it takes: until a request of this kind has gone out. */
const submit = async (server: FakeTransport, request: string): Promise<void> => {
  const form = await vi.waitFor(() => document.querySelector('[role=dialog] form') ?? expect.fail('no form in a dialog'), patience)
  form.dispatchEvent(new Event('submit', { cancelable: true, bubbles: true }))
  await vi.waitFor(() => expect(server.sent(request)).toHaveLength(1), patience)
  await settle()
}

it('show what was given up and why, and try it again', async () => {
  const server = serverOf({ dead: 2 }).on(`POST ${own}/replay`, () => ({ success: true, count: 2, left: 0, next: null, keptSince: null }))
  const page = await open(server)
  expect(page.text()).toContain('Given up')
  await page.click('Dead letters')
  for (const words of ['answered 500', '7 attempts']) expect(page.text()).toContain(words)
  await page.click('Deliver all 2 once more')
  expect(server.sent(`POST ${own}/replay`)).toHaveLength(1)
})

it('deliver one of them alone, or discard all after a question', async () => {
  const server = serverOf({ dead: 2 })
    .on(`POST ${own}/dead-letters/d1/replay`, () => ({ success: true }))
    .on(`DELETE ${own}/dead-letters`, () => ({ success: true, count: 2 }))
  const page = await open(server)
  await page.click('Dead letters')
  await press('[title="Deliver this one once more"]')
  expect(server.sent(`POST ${own}/dead-letters/d1/replay`)).toHaveLength(1)
  expect(server.sent(`POST ${own}/replay`)).toHaveLength(0)
  await page.click('Discard all 2')
  expect(server.sent(`DELETE ${own}/dead-letters`)).toHaveLength(0)
  await page.click('Discard the dead letters')
  expect(server.sent(`DELETE ${own}/dead-letters`)).toHaveLength(1)
})

it('show their secret once with a receiver to begin with, and close only when it is stored', async () => {
  const server = serverOf().on(`POST ${session}/webhooks`, () => reply(201, { success: true, webhook, secret: 'whsec_once' }))
  const page = await open(server)
  await page.click('Add webhook')
  const field = document.querySelector<HTMLInputElement>('input[placeholder^="https://example.com"]')
  if (field === null) throw new Error('no address field')
  field.value = webhook.url
  field.dispatchEvent(new Event('input', { bubbles: true }))
  await settle()
  await submit(server, `POST ${session}/webhooks`)
  expect(server.sent(`POST ${session}/webhooks`)).toEqual([
    { url: webhook.url, types: [], where: 'anywhere', chats: [], ordered: false, keepFor: 7, media: 'none', atOnce: 8, waits: null },
  ])
  await vi.waitFor(() => expect(page.text()).toContain('whsec_once'), patience)
  expect(page.text()).toContain('createHmac')
  expect(page.button('Done').disabled).toBe(true)
})

it('open with their deliveries, and each of them with what was sent and answered', async () => {
  const server = serverOf().on(`GET ${own}/deliveries/${delivery.id}`, () => ({
    success: true,
    delivery: {
      ...delivery,
      body: '{"type":"message","data":{"text":"hello there"}}',
      tries: [
        { at: at(2), ms: 10_000, status: null, problem: 'no answer within 10 s', headers: { 'webhook-id': delivery.id }, answer: null },
        { at: at(1), ms: 41, status: 200, problem: null, headers: { 'x-token': '…' }, answer: 'thanks' },
      ],
    },
  }))
  const page = await open(server)
  await page.click('Deliveries')
  expect(page.text()).toContain('200 in 41 ms')
  await press('[aria-label=Deliveries] li button')
  for (const words of ['hello there', 'x-token', 'thanks', 'no answer within 10 s']) expect(page.text()).toContain(words)
})

it('are tried out with a sample, and say what the receiver answered', async () => {
  const outcome = {
    delivered: false,
    status: 302,
    ms: 12,
    problem: 'answered 302',
    answer: 'moved',
    headers: {},
    body: '{"type":"message"}',
  }
  const server = serverOf().on(`POST ${own}/test`, () => ({ success: true, ...outcome }))
  const page = await open(server)
  await page.click('Deliveries')
  ;[...document.querySelectorAll('[role=tab]')]
    .find((tab) => tab.textContent?.trim() === 'Try it out')
    ?.dispatchEvent(new MouseEvent('mousedown', { bubbles: true, button: 0 }))
  await settle()
  await page.click('Send a sample')
  expect(server.sent(`POST ${own}/test`)).toEqual([{ type: 'message' }])
  for (const words of ['Answered 302 in 12 ms', 'moved']) expect(page.text()).toContain(words)
})

it('are paused, and one whose receiver is gone says so and can be resumed', async () => {
  const server = serverOf().on(`POST ${own}/pause`, () => ({ success: true, webhook: { ...webhook, standing: 'paused' } }))
  const page = await open(server)
  await press('[title="Pause: what happens waits"]')
  expect(server.sent(`POST ${own}/pause`)).toHaveLength(1)
  page.unmount()
  const gone = serverOf({ standing: 'gone' }).on(`POST ${own}/resume`, () => ({ success: true, webhook }))
  const again = await open(gone)
  expect(again.text()).toContain('answered 410')
  await press('[title=Resume]')
  expect(gone.sent(`POST ${own}/resume`)).toHaveLength(1)
})

it('deliver a time once more, and say what is no longer kept', async () => {
  const server = serverOf().on(`POST ${own}/replay`, () => ({ success: true, count: 3, left: 0, next: null, keptSince: at(0) }))
  const page = await open(server)
  await page.click('Deliveries')
  await page.click('Replay a time')
  await submit(server, `POST ${own}/replay`)
  expect(server.sent(`POST ${own}/replay`)).toMatchObject([{ types: [], states: ['delivered', 'dead'], from: expect.stringMatching(/Z$/) }])
  await vi.waitFor(() => expect(page.text()).not.toContain('Deliver a time once more'), patience)
})

it('waits before further tries are seconds up to a day, the usual ones when none are given', () => {
  expect([badWaits(''), badWaits('5, 30'), badWaits('5, soon'), badWaits('90000')].map((words) => words === null)).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect([choicesOf(emptyDraft()).waits, choicesOf({ ...emptyDraft(), waits: '5, 0.5 600' }).waits]).toEqual([null, [5, 0.5, 600]])
})
