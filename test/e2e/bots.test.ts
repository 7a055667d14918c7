/**
 * Bots as a person uses them: the built window in a real Chromium, the real library on the protocol double, from the first number to
 * stopping.
 */
import type { ElementHandle, Page } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { connectContact, textOf, type Contact } from '../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../fakes/whatsapp/double.ts'
import { startChromium, type TestChromium } from '../fixtures/chromium.ts'
import { eventually } from '../fixtures/eventually.ts'
import { signIn } from '../fixtures/signed-in-window.ts'

const number = '15550100142'
const bot = `bot_${number}`

let chromium: TestChromium
let double: WhatsAppDouble
let ann: Contact
let server: ServerProcess
let page: Page
/** What the window complained about: a clean run has nothing. */
let complaints: string[]

beforeAll(async () => {
  chromium = await startChromium()
})
afterAll(() => chromium.stop())
beforeEach(async () => {
  double = await WhatsAppDouble.start()
  ;[server, ann] = await Promise.all([
    startServer({ built: true, args: ['--whatsapp-url', double.url] }),
    connectContact(double, '15550100011', 'Ann'),
  ])
  await server.call('/control/v1/settings', { method: 'PATCH', json: { bots: { pause: 0 } } })
  page = await chromium.freshPage()
  await page.setViewport({ width: 1_440, height: 900 })
  complaints = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
})
afterEach(async () => {
  await page.close()
  await ann.stop()
  await server.dispose()
  await double.stop()
  expect(complaints).toEqual([])
  expect(double.errors).toEqual([])
})

const says = (text: string, where = 'body'): Promise<unknown> =>
  page.waitForFunction(
    (selector: string, what: string) =>
      [...document.querySelectorAll(selector)].some((element) => element.textContent?.replaceAll('\u00A0', ' ').includes(what)),
    {},
    where,
    text,
  )

/** A button or link by its whole name, once it can be pressed. */
async function press(name: string): Promise<void> {
  const handle = await page.waitForFunction(
    (what: string) =>
      [...document.querySelectorAll<HTMLElement>('button:not(:disabled), a, [role=tab], [role=menuitem]')].findLast(
        (element) => element.getAttribute('aria-label') === what || element.textContent?.trim() === what,
      ) ?? null,
    {},
    name,
  )
  const element = handle.asElement() as ElementHandle<HTMLElement> | null // the query above gives elements only
  await element?.click()
}

async function fillIn(label: string, text: string): Promise<void> {
  const field = await page.waitForSelector(`::-p-aria([name="${label}"][role="textbox"])`)
  await field?.click({ count: 3 })
  await field?.type(text)
}

/** Links the bot without the window, for tests of what comes afterwards. */
async function linked(): Promise<void> {
  const { pairingCode } = (await (
    await server.call('/bots/api/sessions', { method: 'POST', json: { userId: bot, phoneNumber: number } })
  ).json()) as { pairingCode: string }
  expect(await double.enterCode(number, pairingCode)).toBe('linked')
  await server.call(`/bots/v1/bots/${bot}`, { method: 'PATCH', json: { label: 'Gate alerts', keepsLog: true } })
}

test('a bot is linked with the pretend phone, sends a message that is delivered, and is stopped', async () => {
  await signIn(page, server, '/bots')
  await says('No bot is linked')
  await says('a pretend WhatsApp on this machine')
  await press('Link a bot')
  await fillIn('Phone number', `+${number}`)
  await fillIn('Name', 'Gate alerts')
  await says('The number is +1 555 010 0142')
  await press('Get a pairing code')
  await page.waitForSelector('[data-pairing-code][aria-label^="Pairing code"]')
  await says('Waiting for the phone')

  await press('Mistype it')
  await says('Wrong code')
  await press('Type the code')
  await says('Gate alerts is online')
  await fillIn('To', '+1 555 010 0011')
  await press('Send')
  const heard = await ann.message((message) => textOf(message) === 'Hello from Wheelhouse')
  await says('Delivered', '[role=status]')
  await ann.socket.readMessages([heard.key])
  await says('Read', '[role=status]')

  await press('Done')
  await says('Online', 'aside[aria-label="Bot Gate alerts"]')
  await press('Stop: Gate alerts')
  await says('Stopped by you', 'table')
  await eventually('the double has seen it leave', () => !double.online().some(({ account }) => account.number === number))
  expect((await (await server.call(`/bots/api/sessions/${bot}`)).json()) as object).toMatchObject({
    status: 'offline',
    phoneNumber: number,
  })
})

test('a chat shows what comes in as it comes, and what becomes of the answer', async () => {
  await linked()
  await signIn(page, server, `/bots/${bot}/chats`)
  await says('No messages yet')
  const asked = await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'Which gate?' })
  await (await page.waitForSelector('section[aria-label=Chats] li button'))?.click()
  await says('Which gate?', '[role=log]')

  // What can be done with a message is there for whoever comes to it.
  await page.locator('[role=log] [id^=message-]').hover()
  await press('Reply')
  await fillIn('Message', 'Gate 4, lane 2')
  await page.keyboard.press('Enter')
  const answer = await ann.message((message) => textOf(message) === 'Gate 4, lane 2')
  expect(answer.message?.extendedTextMessage?.contextInfo?.stanzaId).toBe(asked?.key.id)
  await page.waitForSelector('[role=log] [data-delivery=delivered]')
  await ann.socket.readMessages([answer.key])
  await page.waitForSelector('[role=log] [data-delivery=read]')

  await fillIn('Search names and messages', 'lane')
  await says('Gate 4, lane 2', 'section[aria-label=Chats]')
})

test('a rule is tested against a sample, saved, and answers', async () => {
  await linked()
  await signIn(page, server, `/bots/${bot}/rules`)
  await press('Write the first rule')
  await fillIn('Name', 'Gate question')
  await fillIn('Words or pattern', 'gate')
  await fillIn('Answer', 'Hello {{name}}, gate 4')
  await fillIn('Sample text', 'Where is my truck?')
  await says('It would do nothing')
  await fillIn('Sample text', 'Which gate?')
  await says('Hello Ann, gate 4', 'section[aria-label=Test]')
  expect(ann.messages.map(textOf)).not.toContain('Hello Ann, gate 4')
  await press('Save rule')
  await says('Text has “gate”', 'ol')

  await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'Which gate today?' })
  await ann.message((message) => textOf(message) === 'Hello Ann, gate 4')
  await page.waitForFunction(() =>
    [...document.querySelectorAll('ol dl > div')].some((count) => count.textContent?.replaceAll(/\s/g, '') === 'Taken1'),
  )
})

test('an account that asks for a passkey is explained with the way out, and a link that the phone ends is shown in red', async () => {
  double.demandPasskey(number)
  await signIn(page, server, '/bots/link')
  await fillIn('Phone number', `+${number}`)
  await press('Get a pairing code')
  await press('Type the code')
  await says('This account asks for a passkey', '[role=alert]')
  await says('New code', '[role=alert]')
  double.pairing.passkeyNumbers.delete(number)
  await press('New code')
  await press('Type the code')
  await says('is online', 'h1')

  const [device] = double.account(number).devices.values()
  if (device === undefined) throw new Error('no device was linked')
  double.removeDevice(device)
  await page.goto(`${server.ready.control.url}/#/bots?bot=${bot}`)
  // The wizard says it too, as long as it is there.
  await says('The phone removed this device', 'aside [role=alert]')
  await press('Pair again')
  await press('Type the code')
  await says('is online', 'h1')
  await page.goto(`${server.ready.control.url}/#/bots?bot=${bot}`)
  await says('Online', `aside[aria-label="Bot ${bot}"]`)
  await press(`Delete ${bot} and its data`)
  await says('The phone goes on to show it as a linked device', '[role=dialog]')
  await press(`Delete ${bot} and its data`)
  await says('No bot is linked')
})
