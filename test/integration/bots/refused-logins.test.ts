/** Logins that WhatsApp does not let in: what each number means for a person, and that nothing knocks for ever. */
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'

const number = '15550100142'
let bots: ServedBots

beforeAll(async () => {
  bots = await serveBots()
  await bots.linked('gate', number)
})

afterEach(async () => {
  bots.double.logins.allow()
  bots.double.pairing.endsWith = '515'
  expect(bots.double.errors).toEqual([])
  await bots.room.service.get('gate').start()
  await becomes('online')
})

afterAll(() => bots.stop())

const becomes = (state: string) => expect.poll(() => bots.state('gate'), { interval: 5 }).toBe(state)
const row = () => bots.room.service.get('gate').row

test.each([
  [
    402,
    { code: 104, expire: 7_200 },
    'blocked',
    /banned the account for a while \(402\): it sent the same message too often; until 20\d\d-\d\d-\d\d \d\d:\d\d UTC/,
  ],
  [402, { code: 999, expire: 1e18 }, 'blocked', /for a while \(402\); WhatsApp does not say until when/],
  [402, {}, 'blocked', /for a while \(402\); WhatsApp does not say until when/],
  [403, {}, 'blocked', /\(403\).*gone/],
  [406, {}, 'blocked', /banned the account \(406\)/],
  [405, {}, 'failed', /version.*\(405\).*Update/],
  [409, {}, 'failed', /version.*\(409\).*Update/],
] as const)('%i %o is not knocked for again, keeps the link, and says why', async (reason, facts, state, words) => {
  bots.double.logins.refuse(reason, facts)
  await bots.room.service.get('gate').restart()
  await becomes(state)
  const knocks = bots.double.connectedAt.length
  expect(row()).toMatchObject({ wanted: false, reason: expect.stringMatching(words) })
  expect(bots.room.service.get('gate')).toMatchObject({ isLinked: true, retryAt: null })
  expect(bots.room.attention()).toMatchObject([{ subject: 'gate' }])
  expect(bots.double.connectedAt).toHaveLength(knocks)
})

test('a server that asks to connect again and again (515) is asked less and less often, not in a loop', async () => {
  bots.double.logins.restart(Infinity)
  const before = bots.double.connectedAt.length
  await bots.room.service.get('gate').restart()
  await becomes('reconnecting')
  // Four at once; by now the first of those that wait may have come too.
  expect(bots.double.connectedAt.length - before).toBeLessThanOrEqual(5)
  expect(row().reason).toContain('(515) again and again')
  expect(bots.room.service.get('gate').attempt).toBeGreaterThan(0)
})

test('one that moves a bot to another server once is followed at once', async () => {
  bots.double.logins.restart(1)
  await bots.room.service.get('gate').restart()
  await becomes('online')
  expect(bots.room.service.get('gate').attempt).toBe(0)
})

test.each([
  ['401', 'logged_out', 'Unlinked on the phone (401)'],
  ['403', 'blocked', expect.stringContaining('(403)')],
  ['440', 'replaced', 'Opened by another program (440)'],
])('a device for which WhatsApp has %s in the moment in which the phone has linked it is %s', async (code, state, reason) => {
  bots.double.pairing.endsWith = code
  const { bot, code: typed } = await bots.room.service.create({ userId: 'yard', phoneNumber: '15550100177' }, 'owner')
  onTestFinished(() => bots.room.service.remove('yard', 'owner'))
  expect(await bots.double.enterCode('15550100177', typed)).toBe('linked')
  await expect.poll(() => bot.row).toMatchObject({ state, reason, wanted: false })
  expect([bot.isLinked, bot.pairing]).toEqual([true, null])
})
