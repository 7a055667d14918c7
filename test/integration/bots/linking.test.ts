/** Linking while WhatsApp retires what is shown, a person types a wrong code, or the version is too old. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { patience } from '../../fixtures/patience.ts'

const number = '15550100142'
const gate = { userId: 'gate', phoneNumber: number }
let bots: ServedBots

beforeAll(async () => {
  bots = await serveBots()
})

afterEach(async () => {
  for (const bot of bots.room.service.list()) await bots.room.service.remove(bot.row.userId, 'owner')
  expect(bots.double.errors).toEqual([])
})

afterAll(() => bots.stop())

const eventually = (read: () => unknown) => expect.poll(read, { timeout: patience, interval: 5 })
const view = async () => (await bots.call('GET', '/v1/bots/gate')).body.bot
const shown = () => bots.room.service.get('gate').pairing
const version = (body?: object) => bots.call(body === undefined ? 'GET' : 'POST', '/v1/whatsapp-version', body)

test('a QR that WhatsApp retires is redrawn at once, for the rest of its time, and the new one links', async () => {
  await bots.room.service.create(gate, 'owner')
  const old = shown()
  bots.double.pairing.retire(old?.qr ?? '')
  await eventually(() => shown()?.qr).not.toBe(old?.qr)
  expect(shown()).toMatchObject({ qrEndsAt: old?.qrEndsAt, code: old?.code })
  expect(await bots.double.scanQr(number, old?.qr ?? '')).toBe('retired-code')
  expect(await bots.double.scanQr(number, shown()?.qr ?? '')).toBe('linked')
  await eventually(() => bots.state('gate')).toBe('online')
})

test('a code that WhatsApp retires is asked for anew, and the new one links', async () => {
  const { code } = await bots.room.service.create(gate, 'owner')
  bots.double.pairing.retireCode(number)
  await eventually(() => shown()?.code ?? code).not.toBe(code)
  expect((await view()).pairing.problem).toBe('replaced')
  expect(await bots.double.enterCode(number, shown()?.code ?? '')).toBe('linked')
  await eventually(() => bots.state('gate')).toBe('online')
})

test('a wrong code typed on the phone is shown; code and QR stay good', async () => {
  await bots.room.service.create(gate, 'owner')
  expect(await bots.double.enterCode(number, 'ABCD1234')).toBe('wrong-code')
  await eventually(() => shown()?.problem).toBe('wrong-code')
  expect(await bots.double.scanQr(number, shown()?.qr ?? '')).toBe('linked')
  await eventually(() => bots.state('gate')).toBe('online')
})

test('a version that WhatsApp does not take is named as the cause, and one call speaks the newest and tries again', async () => {
  await bots.linked('gate', number)
  const own = (await version()).body
  expect(own).toEqual({ version: own.own, own: own.own, isSet: false })
  const newest = Number(own.own.split('.')[2]) + 1_000
  bots.double.logins.oldestVersion = newest
  await bots.room.service.get('gate').restart()
  await eventually(() => bots.state('gate')).toBe('failed')
  expect(await view()).toMatchObject({ cause: 'version-refused', reason: expect.stringContaining('newest version') })
  expect(bots.room.attention()).toMatchObject([{ facts: { cause: 'version-refused' } }])
  const failed = await version({ version: 'newest' })
  expect(failed).toMatchObject({ status: 502, body: { success: false, message: expect.stringContaining('it answered 503') } })
  expect((await version()).body.isSet).toBe(false)
  bots.double.logins.newestVersion = newest
  expect((await version({ version: 'newest' })).body).toMatchObject({ version: `2.3000.${newest}`, isSet: true, started: ['gate'] })
  await eventually(() => bots.state('gate')).toBe('online')
  expect(await view()).toMatchObject({ cause: null, reason: null })
  expect((await version({ version: 'own' })).body).toEqual({ ...own, started: [] })
  bots.double.logins.oldestVersion = null
  expect((await version({ version: 'new' })).status).toBe(400)
})
