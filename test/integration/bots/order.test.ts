/**
 * What is said in a chat reaches log, events and rules in the order in which WhatsApp gave it. The library handles what waited one by one,
 * what comes meanwhile at once, and holds what could not be read back; here the end of the backlog never comes.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact } from '../../fakes/whatsapp/contact.ts'

const number = '15550100142'
const texts = Array.from({ length: 9 }, (_, index) => `number ${index}`)
let bots: ServedBots

beforeAll(async () => {
  bots = await serveBots()
  await bots.linked('gate', number)
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  bots.double.backlog.ending = 'never'
})
afterAll(() => bots.stop())

/** Somebody new writes while the bot is stopped; the last so many come live once it is back. Resolves with what the log has in the end. */
async function written(by: string, live: number): Promise<string[]> {
  const writer = await connectContact(bots.double, by, 'Somebody', { getMessage: async () => undefined })
  const device = () => [...bots.double.account(number).devices.values()][0]
  const waiting = () => device()?.waiting.filter(({ tag }) => tag === 'message').length
  try {
    await bots.call('POST', '/api/sessions/gate/stop')
    for (const text of texts) await writer.socket.sendMessage(`${number}@s.whatsapp.net`, { text })
    await expect.poll(waiting).toBe(texts.length)
    bots.double.backlog.live = live
    await bots.call('POST', '/api/sessions/gate/start')
    const logged = async (): Promise<{ kind: string; text: string }[]> =>
      (await bots.call('GET', `/api/sessions/gate/log?limit=500&chat=${by}`)).body.messages
    await expect.poll(async () => (await logged()).length).toBe(texts.length)
    return (await logged()).map(({ kind, text }) => (kind === 'text' ? text : kind)).toReversed()
  } finally {
    await writer.stop()
  }
}

test('a message that comes while the backlog of its chat is read follows it', async () => {
  expect(await written('15550100011', 1)).toEqual(texts)
})

test('a message that could not be read stands where it came, though the backlog never ends', async () => {
  bots.double.deliveries.change(number, (stanza) => stanza, 3, { sparesPhone: true })
  bots.double.deliveries.garble(number)
  expect(await written('15550100012', 0)).toEqual(texts.map((text, index) => (index === 3 ? 'unreadable' : text)))
})
