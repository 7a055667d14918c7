/** Answers that are not as the library or the room expect them: refused where nobody asked, half empty, or of another shape. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BinaryNode } from 'baileys'
import { catchEscapes } from '../../../server/isolation.ts'
import { serveBots, type Reply, type ServedBots } from '../../fakes/served-bots.ts'
import type { Device } from '../../fakes/whatsapp/accounts.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'
import { child, children, node, result } from '../../fakes/whatsapp/nodes.ts'
import { connectPhone, type Phone } from '../../fakes/whatsapp/phone.ts'
import { eventually } from '../../fixtures/eventually.ts'

const number = '15550100142'
const annNumber = '15550100011'
const channel = '120363900000000001@newsletter'
const escaped: string[] = []
let giveBack: () => void
let bots: ServedBots
let phone: Phone

beforeAll(async () => {
  giveBack = catchEscapes(({ reason }) => escaped.push(reason))
  bots = await serveBots()
  phone = await connectPhone(bots.double, new MediaServer(), number)
  await bots.linked('gate', number)
  await bots.call('PATCH', '/v1/bots/gate', { ignores: { groups: false, broadcasts: false, channels: false, status: true } })
})

beforeEach(() => {
  bots.double.instead = () => null
})

afterAll(async () => {
  await phone.stop()
  await bots.stop()
  giveBack()
  expect([bots.double.errors, escaped]).toEqual([[], []])
})

const call = (method: string, path: string, body?: object): Promise<Reply> => bots.call(method, `/api/sessions/gate${path}`, body)
const status = async (method: string, path: string, body?: object): Promise<number> => (await call(method, path, body)).status
const say = (stanza: BinaryNode): void => device().connection?.send(stanza)
const device = (): Device => bots.double.account(number).devices.get(1) as Device // linked above
/** Questions about groups are answered with this. */
const groups = (answer: BinaryNode[]): void => {
  bots.double.instead = (request) => (request.attrs['xmlns'] === 'w:g2' ? result(request, answer) : null)
}

test('a refused question that the library asks by itself ends no connection', async () => {
  const { connection } = device()
  const asked = (): number => bots.double.lookups.asked.get('groups') ?? 0
  const before = asked()
  bots.double.lookups.refuse('groups', 1)
  say(node('ib', { from: 's.whatsapp.net' }, [node('dirty', { type: 'groups', timestamp: '1700000000' })]))
  await eventually('it has asked', () => asked() > before)
  expect((await call('GET', '/groups')).body).toEqual({ success: true, groups: [] })
  expect([device().connection, bots.state('gate'), escaped]).toEqual([connection, 'online', []])
})

test('groups without a subject are listed, and what cannot be read is WhatsApp’s fault, not ours', async () => {
  groups([node('groups', {}, [node('group', { id: '120363000000010001' })])])
  expect((await call('GET', '/groups')).body.groups).toEqual([{ id: '120363000000010001@g.us', subject: '', members: 0 }])
  groups([node('groups', {}, [node('group', { subject: 'Yard' })])])
  expect(await call('GET', '/groups')).toMatchObject({ status: 502, body: { message: expect.stringContaining('missing group id') } })
  groups([])
  const group = '/groups/120363000000010001@g.us'
  expect([
    await status('GET', `${group}/invite`),
    await status('DELETE', `${group}/invite`),
    await status('POST', '/group-invites/abcdefghijk'),
    await status('PUT', `${group}/description`, { description: 'gates' }),
  ]).toEqual([502, 502, 502, 502])
})

test('settings of chats that cannot be read are said to be so, and the next change goes through', async () => {
  await phone.shareKeys()
  const archive = (): Promise<Reply> => call('PATCH', `/chats/${annNumber}`, { archived: true })
  await eventually('the keys are there', async () => (await archive()).status === 200)
  bots.double.instead = (request) => {
    const sync = child(request, 'sync')
    const collections = children(sync).map(({ attrs: { name = '' } }) =>
      node('collection', { name, version: '3' }, [node('snapshot', {}, Buffer.from('no snapshot'))]),
    )
    return sync === undefined ? null : result(request, [node('sync', {}, collections)])
  }
  expect(await archive()).toMatchObject({ status: 502, body: { message: expect.stringContaining('cannot be read') } })
  bots.double.instead = () => null
  expect(await archive()).toMatchObject({ status: 200, body: { flags: { archived: true } } })
})

test('channels are read whatever WhatsApp writes numbers as, and an answer that says nothing is no made channel', async () => {
  const made = { id: channel, thread_metadata: { creation_time: 1_700_000_000, name: { text: 'N' }, picture: null, subscribers_count: 3 } }
  const answer = (text: string): void => {
    bots.double.instead = (request) =>
      request.attrs['xmlns'] === 'w:mex' ? result(request, [node('result', {}, Buffer.from(text))]) : null
  }
  answer(JSON.stringify({ data: { xwa2_newsletter_subscribed: [made, { id: 1 }], xwa2_newsletter_create: null } }))
  expect((await call('GET', '/channels')).body.channels).toMatchObject([{ id: channel, name: 'N', createdAt: '2023-11-14T22:13:20.000Z' }])
  expect(await status('POST', '/channels', { name: 'N' })).toBe(502)
  for (const text of ['', 'no JSON', 'null', '{"errors":[null]}'])
    for (const path of ['follow', 'mute']) {
      answer(text)
      expect(await status('POST', `/channels/${channel}/${path}`, {}), text).toBe(502)
    }
  expect(await status('GET', '/channels')).toBe(502)
})

test('whoever left is away, also where WhatsApp says a word in place of the time', async () => {
  await call('POST', '/presence/subscribe', { chat: annNumber })
  const seen = async (): Promise<object[]> => (await call('GET', `/presence?chat=${annNumber}`)).body.presences
  for (const last of ['error', '-1', '99999999999999999']) {
    say(node('presence', { from: `${annNumber}@s.whatsapp.net` }))
    await expect.poll(seen).toMatchObject([{ state: 'online' }])
    say(node('presence', { from: `${annNumber}@s.whatsapp.net`, type: 'unavailable', last }))
    await expect.poll(seen).toMatchObject([{ state: 'offline', lastSeen: null }])
  }
})

test('a picture at what is no address cannot be fetched', async () => {
  const pictures = (url: string): void => {
    bots.double.instead = (request) =>
      request.attrs['xmlns'] === 'w:profile:picture' ? result(request, [node('picture', { id: '1', type: 'image', url })]) : null
  }
  for (const url of ['no address', 'https://', 'file:///etc/hosts']) {
    pictures(url)
    expect(await status('GET', `/contacts/${annNumber}/picture`), url).toBe(502)
  }
})

test('a look-up that is refused within its answer says nothing of whether the number has an account', async () => {
  bots.double.lookups.heldBackWith = 429
  expect(await call('GET', '/numbers/15550100099')).toMatchObject({ status: 429, body: { success: false } })
  bots.double.lookups.heldBackWith = null
  expect((await call('GET', '/numbers/15550100099')).body).toMatchObject({ exists: true })
})

test('settings of chats of which there is ever more, and nothing comes, are asked for once and keep nothing waiting', async () => {
  let asked = 0
  bots.double.instead = (request) => {
    const collections = children(child(request, 'sync')).map(({ attrs: { name = '' } }) =>
      node('collection', { name, version: '9', has_more_patches: 'true' }),
    )
    if (collections.length === 0) return null
    asked += 1
    // The second time it says nothing of what was asked.
    return result(request, [node('sync', {}, asked === 1 ? collections : [])])
  }
  for (const id of ['first', 'second']) {
    const attrs = { from: 's.whatsapp.net', type: 'server_sync', id, t: '1700000000' }
    say(node('notification', attrs, [node('collection', { name: 'regular', version: '9' })]))
  }
  await eventually('both are asked', () => asked >= 2)
  const sent = await call('POST', '/messages', { to: number, type: 'text', text: 'to myself' })
  const progress = async (): Promise<string> => (await call('GET', `/messages/${sent.body.message.messageId}`)).body.message.status
  await expect.poll(progress).toBe('sent')
  expect(asked).toBe(2)
})
