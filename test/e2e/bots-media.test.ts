/** What people send, in the built window in a real Chromium: bytes come through the bot, and are seen, heard and saved. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { Page } from 'puppeteer-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { connectContact, type Contact } from '../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../fakes/whatsapp/double.ts'
import { MediaServer } from '../fakes/whatsapp/media.ts'
import { mediaDay } from '../fixtures/bots-media-day.ts'
import { startChromium, type TestChromium } from '../fixtures/chromium.ts'
import { eventually } from '../fixtures/eventually.ts'
import { signIn } from '../fixtures/signed-in-window.ts'

const number = '15550100142'
const userId = `bot_${number}`
const group = '120363040000000001@g.us'
const authorities = getCACertificates()
const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-media-'))
const media = new MediaServer()

let chromium: TestChromium
let double: WhatsAppDouble
let server: ServerProcess
let people: Contact[]
let page: Page
/** What the window complained about: a clean run has nothing. */
const complaints: string[] = []

beforeAll(async () => {
  await media.start()
  setDefaultCACertificates([...authorities, media.certificate.cert])
  const trusted = join(folder, 'media.pem')
  writeFileSync(trusted, media.certificate.cert)
  double = await WhatsAppDouble.start({ media })
  ;[chromium, server, ...people] = await Promise.all([
    startChromium(),
    startServer({ built: true, args: ['--whatsapp-url', double.url], env: { NODE_EXTRA_CA_CERTS: trusted } }),
    connectContact(double, '15550100011', 'Omar Mast'),
    connectContact(double, '15550100012', 'Ben Yard'),
  ])
  const [ann, ben] = people
  if (ann === undefined || ben === undefined) throw new Error('nobody is there')
  const { pairingCode } = (await (
    await server.call('/bots/api/sessions', { method: 'POST', json: { userId, phoneNumber: number } })
  ).json()) as { pairingCode: string } // the contract's answer
  await double.enterCode(number, pairingCode)
  await eventually('the bot is online', async () => {
    const { status } = (await (await server.call(`/bots/api/sessions/${userId}`)).json()) as { status: string } // the contract's answer
    return status === 'online'
  })
  await server.call(`/bots/v1/bots/${userId}`, { method: 'PATCH', json: { label: 'Gate alerts', keepsLog: true, keepsMedia: true } })
  double.addGroup({ id: group, subject: 'Yard shift A', owner: ann.number, members: [ann.number, ben.number, number] })
  await mediaDay({ call: server.call, userId, group, ann, ben })
  page = await chromium.freshPage()
  await page.setViewport({ width: 1_440, height: 900 })
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await signIn(page, server, `/bots/${userId}/chats?chat=${group}`)
})
afterAll(async () => {
  await page.close()
  await Promise.all([...people.map((each) => each.stop()), chromium.stop()])
  await server.dispose()
  await double.stop()
  await media.stop()
  setDefaultCACertificates(authorities)
  rmSync(folder, { recursive: true, force: true })
  expect(complaints).toEqual([])
  expect(double.errors).toEqual([])
})

const drawn = (kind: string) =>
  page.waitForFunction((what: string) => document.querySelector<HTMLImageElement>(`[data-kind=${what}] img`)?.naturalWidth ?? 0, {}, kind)

test('pictures and stickers are drawn, and one is looked at in large by the keyboard alone', async () => {
  await drawn('image')
  await drawn('sticker')
  await page.focus('[data-kind=image] button')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => (document.querySelector<HTMLImageElement>('[role=dialog] img')?.naturalWidth ?? 0) === 640)
  await page.keyboard.press('Escape')
  await page.waitForFunction(() => document.querySelector('[role=dialog]') === null)
})

test('a voice note is heard at the speed that was chosen, and its picture is its own', async () => {
  await page.waitForFunction(
    () => new Set([...document.querySelectorAll<HTMLElement>('[role=slider] span')].map(({ style }) => style.height)).size > 4,
  )
  await page.locator('[aria-label^="Speed 1:"]').click()
  await page.locator('[aria-label="Play the voice note"]').click()
  await page.waitForSelector('[aria-label="Pause the voice note"]')
  await page.waitForFunction(() => {
    const sound = document.querySelector('audio')
    return sound !== null && sound.currentTime > 0 && sound.playbackRate === 1.5 && Math.round(sound.duration) === 23
  })
  await page.locator('[aria-label="Pause the voice note"]').click()
})

test('a vote shows as a bar, a deleted message as a line, and people who are named by their names', async () => {
  const says = (words: string) =>
    page.waitForFunction((what: string) => document.querySelector('[role=log]')?.textContent?.includes(what) === true, {}, words)
  for (const words of ['2 votes', 'Ben Yard deleted this message', '@Ben Yard bring the reach stacker']) await says(words)
})
