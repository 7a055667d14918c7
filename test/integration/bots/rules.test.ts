/** Rules, with a person on the other side who is a library client of their own. */
import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RuleView } from '../../../server/bots/contract/index.ts'
import type { Publisher } from '../../../server/bots/rules/publisher.ts'
import { botsKey, serveBots, type Reply, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'

const bot = { id: 'gate', number: '15550100142', chat: '15550100142@s.whatsapp.net' }
const published: Parameters<Publisher['publish']>[0][] = []
let refusal: string | null
let bots: ServedBots
let ann: Contact

const publisher: Publisher = {
  allows: (by) => by.may('brokers:use'),
  async publish(message) {
    if (refusal !== null) throw new Error(refusal)
    published.push(message)
  },
}

beforeEach(async () => {
  published.length = 0
  refusal = null
  bots = await serveBots({ publisher })
  bots.context.change({ bots: { pause: 0 } })
  ann = await connectContact(bots.double, '15550100011', 'Ann')
  await bots.linked(bot.id, bot.number)
})

afterEach(async () => {
  await ann.stop()
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const rules = (method: string, path = '', body?: unknown, headers?: Record<string, string>): Promise<Reply> =>
  bots.call(method, `/api/sessions/gate/rules${path}`, body, headers)
const says = (text: string, to = bot.chat) => ann.socket.sendMessage(to, { text })
const hears = (text: string) => ann.message((message) => message.key.fromMe !== true && textOf(message) === text)
const heard = () => ann.messages.filter(({ key }) => key.fromMe !== true).map(textOf)
const reply = (template: string, more: object = {}) => ({ name: template, action: { type: 'reply', template }, ...more })
const list = async (): Promise<RuleView[]> => (await rules('GET')).body.rules

async function add(rule: object, headers?: Record<string, string>): Promise<RuleView> {
  const added = await rules('POST', '', rule, headers)
  expect(added, JSON.stringify(added.body)).toMatchObject({ status: 201, body: { success: true } })
  return added.body.rule
}

test('a rule answers what it waits for with its template, counts it, and quotes where it is asked to', async () => {
  await add({
    name: 'Orders',
    match: { text: { how: 'regex', value: '^order (\\d+)$' } },
    action: { type: 'reply', template: 'Order {{1}} is on its way, {{name}}', quote: true },
  })
  await says('something else')
  const asked = await says('Order 17')
  const answer = await hears('Order 17 is on its way, Ann')
  expect(answer.message?.extendedTextMessage?.contextInfo?.stanzaId).toBe(asked?.key.id)
  await expect.poll(list).toMatchObject([{ matched: 1, held: 0, failed: 0, problem: null, lastMatchedAt: expect.any(String) }])
  expect(bots.context.emitted.filter(({ type }) => type === 'bot-rule-added')).toMatchObject([
    { subject: 'gate', data: { rule: 'Orders' } },
  ])
})

test('the first rule that takes a message ends the matter unless it lets others see it; their order can be changed', async () => {
  const first = await add(reply('first'))
  const second = await add(reply('second', { stop: false }))
  await says('one')
  await hears('first')
  await rules('PUT', '/order', { rules: [second.id, first.id] })
  await says('two')
  await hears('second')
  await expect.poll(heard).toEqual(['first', 'second', 'first'])
  expect((await rules('PUT', '/order', { rules: [first.id] })).status).toBe(400)
})

test('a rule that is switched off does nothing; it is changed, and removed', async () => {
  const rule = await add(reply('loud', { enabled: false }))
  await add(reply('calm'))
  await says('hello')
  await hears('calm')
  expect((await rules('PATCH', `/${rule.id}`, { enabled: true, action: { type: 'reply', template: 'louder' } })).body.rule).toMatchObject({
    enabled: true,
    name: 'loud',
  })
  await says('hello again')
  await hears('louder')
  expect((await rules('DELETE', `/${rule.id}`)).status).toBe(200)
  expect((await rules('DELETE', `/${rule.id}`)).status).toBe(404)
  expect(heard()).toEqual(['calm', 'louder'])
})

test('rules outlive a restart of the room, with their counts', async () => {
  await add(reply('still here'))
  await says('one')
  await hears('still here')
  await expect.poll(async () => (await list())[0]?.matched).toBe(1)
  const second = await serveBots({ double: bots.double, dataDir: bots.context.dataDir, sealer: bots.context.sealer })
  expect((await second.call('GET', '/api/sessions/gate/rules')).body.rules).toMatchObject([{ name: 'still here', matched: 1 }])
  await second.stop()
})

test('two bots that answer each other come to rest', async () => {
  await bots.linked('yard', '15550100143')
  await add(reply('ping', { perMinute: 3 }))
  await bots.call('POST', '/api/sessions/yard/rules', reply('pong', { perMinute: 3 }))
  await bots.call('POST', '/api/sessions/yard/messages', { to: bot.number, type: 'text', text: 'begin' })
  await expect.poll(async () => (await list())[0]).toMatchObject({ matched: 4, held: 1 })
  expect((await bots.call('GET', '/api/sessions/yard/rules')).body.rules[0]).toMatchObject({ matched: 3, held: 0 })
})

test('the account’s own messages are none of the rules’ business, from its phone neither', async () => {
  await add(reply('echo {{text}}'))
  const phone = await connectContact(bots.double, bot.number, 'Gate')
  await phone.socket.sendMessage('15550100011@s.whatsapp.net', { text: 'from the phone' })
  await hears('from the phone')
  await says('hello')
  await hears('echo hello')
  expect(heard()).toEqual(['from the phone', 'echo hello'])
  await phone.stop()
})

test('a message goes to a broker topic; what the broker refuses is shown at the rule and in the audit trail', async () => {
  const feed = { name: 'Feed', action: { type: 'publish', session: 'yard', topic: 'chat/in' } }
  // Without a key one has the use of the bots, and no broker.
  expect((await rules('POST', '', feed)).status).toBe(403)
  await add(feed, { 'x-api-key': botsKey })
  await says('hello')
  await expect
    .poll(() => published)
    .toMatchObject([
      {
        session: 'yard',
        topic: 'chat/in',
        publisher: 'bot gate',
        madeBy: 'owner',
        data: { userId: 'gate', rule: { name: 'Feed' }, message: { text: 'hello', authorName: 'Ann' } },
      },
    ])
  refusal = 'There is no broker session yard'
  await says('again')
  await expect.poll(list).toMatchObject([{ matched: 2, failed: 1, problem: refusal }])
  expect(bots.context.emitted.find(({ type }) => type === 'bot-rule-failed')).toMatchObject({
    subject: 'gate',
    data: { rule: 'Feed', problem: refusal },
  })
})

test('a message goes to one of the bot’s webhooks, signed like all others; a webhook that is gone is said', async () => {
  const got: { type: string; data: { message: { text: string } } }[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request
      .setEncoding('utf8')
      .on('data', (text: string) => (body += text))
      .on('end', () => {
        got.push(JSON.parse(body))
        response.end()
      })
  })
  bots.context.change({ webhooks: { allowPrivate: true } })
  const hook = (
    await bots.call(
      'POST',
      '/api/sessions/gate/webhooks',
      { url: await listenOnLoopback(server), types: ['state'] },
      { 'x-api-key': botsKey },
    )
  ).body.webhook
  await add({ name: 'Call', match: { text: { how: 'contains', value: 'ring' } }, action: { type: 'webhook', webhook: hook.id } })
  await says('do not')
  await says('ring the bell')
  await expect.poll(() => got).toMatchObject([{ type: 'rule', data: { message: { text: 'ring the bell' }, rule: { name: 'Call' } } }])
  await bots.call('DELETE', `/api/sessions/gate/webhooks/${hook.id}`)
  await says('ring again')
  await expect.poll(list).toMatchObject([{ matched: 2, failed: 1, problem: 'No such webhook' }])
  await stopServer(server)
})

test('a rule for a group answers in the group, and only there', async () => {
  const group = '120363000000000001@g.us'
  bots.double.addGroup({ id: group, subject: 'Yard', owner: ann.number, members: [ann.number, bot.number] })
  await add(reply('noted', { match: { where: 'groups', senders: [ann.number] } }))
  await says('in private')
  await says('to all', group)
  expect((await hears('noted')).key.remoteJid).toBe(group)
  expect(heard()).toEqual(['noted'])
})

test('rules are tried without sending anything', async () => {
  await add(reply('kept {{text}}'))
  const attempt = (body: object) => rules('POST', '/try', { message: { from: ann.number, text: 'Order 17' }, ...body })
  expect((await attempt({})).body.acts).toMatchObject([{ name: 'kept {{text}}', action: 'reply', text: 'kept Order 17' }])
  expect(
    (
      await attempt({
        rule: { name: 'draft', match: { text: { how: 'regex', value: 'order (.*)' } }, action: { type: 'reply', template: 'No. {{1}}' } },
      })
    ).body.acts,
  ).toEqual([{ id: null, name: 'draft', action: 'reply', text: 'No. 17' }])
  expect(
    (await attempt({ message: { from: ann.number, kind: 'image' }, rule: reply('x', { match: { kinds: ['text'] } }) })).body.acts,
  ).toEqual([])
  expect((await list())[0]?.matched).toBe(0)
  expect(heard()).toEqual([])
})

test('what cannot be a rule is refused with the reason', async () => {
  const cases: [object, RegExp | string][] = [
    [{ name: 'a', match: { text: { how: 'regex', value: '(' } }, action: { type: 'reply', template: 'x' } }, /pattern/],
    [reply('{{secret}}'), '{{secret}} is not known in a reply'],
    [{ name: 'a', action: { type: 'webhook', webhook: 'webhook_0123456789abcdef' } }, 'This session has no such webhook'],
    [{ name: '', action: { type: 'reply', template: 'x' } }, /./],
    [{ name: 'a', action: { type: 'shell', command: 'x' } }, /./],
    [reply('x', { perMinute: 0 }), /./],
    [reply('x', { match: { senders: ['../x'] } }), /./],
  ]
  for (const [rule, words] of cases) {
    const refused = await rules('POST', '', rule)
    expect(refused, JSON.stringify(rule)).toMatchObject({ status: 400, body: { success: false } })
    expect(refused.body.message).toMatch(words)
  }
  expect(await list()).toEqual([])
  expect((await bots.call('GET', '/api/sessions/nobody/rules')).status).toBe(404)
})
