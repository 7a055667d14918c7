/** A report may be sent to anybody: it says what the network did, and nothing of whom. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'

let bots: ServedBots
let ann: Contact

beforeAll(async () => {
  bots = await serveBots()
  await bots.linked('bot_15550100181')
  ann = await connectContact(bots.double, '15550100182', 'Annabel')
})

afterAll(async () => {
  await ann.stop()
  await bots.stop()
})

test('it has versions, states, what became of messages and the shapes that came, and nobody’s number, name or words', async () => {
  await bots.call('PATCH', '/v1/bots/bot_15550100181', { keepsLog: true })
  await ann.socket.sendMessage('15550100181@s.whatsapp.net', { text: 'a secret word' })
  await bots.call('POST', '/api/sessions/bot_15550100181/messages', { to: ann.number, type: 'text', text: 'an answer' })
  const seen = async () => (await bots.call('GET', '/v1/bots/bot_15550100181/report')).body.seen.map(({ what }: { what: string }) => what)
  await expect
    .poll(seen)
    .toEqual(expect.arrayContaining([expect.stringMatching(/^in message type=text/), expect.stringMatching(/^content /), 'open']))
  const messages = async () => (await bots.call('GET', '/v1/bots/bot_15550100181/report')).body.sent
  await expect.poll(messages).toContainEqual(expect.objectContaining({ kind: 'text', problem: null, times: 1 }))
  const { status, body } = await bots.call('GET', '/v1/bots/bot_15550100181/report')
  expect(status).toBe(200)
  expect(body).toMatchObject({
    program: { wheelhouse: expect.any(String), whatsapp: expect.stringMatching(/^\d+\.\d+\.\d+$/), node: process.version },
    bot: { state: 'online', cause: null, isLinked: true },
    states: expect.arrayContaining([expect.objectContaining({ state: 'online' })]),
  })
  const text = JSON.stringify(body)
  for (const personal of ['1555010018', 'Annabel', 'secret', 'answer', '@s.whatsapp.net']) expect(text).not.toContain(personal)
  expect((await bots.call('GET', '/v1/bots/nobody/report')).status).toBe(404)
})
