/** Groups on the double: made, read, changed, joined and left by a bot, and heard of whoever does it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { GroupEvent } from '../../../server/bots/contract/native/group-views.ts'
import { serveBots, type Reply, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'
import type { Group } from '../../fakes/whatsapp/accounts.ts'
import { eventually } from '../../fixtures/eventually.ts'

const bot = '15550100142'
const annNumber = '15550100011'
const [bob, eve, left, stranger] = ['15550100012', '15550100013', '15550100014', '15550100666'] as const
const jpeg = Buffer.from('/9j/4AAQSkZJRgABAQEAYABgAAD/2Q==', 'base64')
let bots: ServedBots
let ann: Contact
const heard: GroupEvent[] = []
let listener: WebSocket

beforeAll(async () => {
  bots = await serveBots()
  ann = await connectContact(bots.double, annNumber, 'Ann')
  await bots.linked('gate', bot)
  await bots.call('PATCH', '/v1/bots/gate', { groupJoinsPerDay: 1_000, groupAddsPerDay: 5_000 })
  listener = new WebSocket(`${bots.url.replace('http', 'ws')}/api/sessions/gate/events?types=group`)
  listener.on('message', (data) => heard.push(JSON.parse(String(data)).group))
  await new Promise((resolve) => listener.once('open', resolve))
  bots.double.accounts.strangers.add(stranger)
})

afterAll(async () => {
  listener.close()
  await ann.stop()
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const call = (method: string, path: string, body?: object): Promise<Reply> => bots.call(method, `/api/sessions/gate${path}`, body)
const told = (group: string, what: GroupEvent['what'], holds: (event: GroupEvent) => boolean = () => true): Promise<GroupEvent> =>
  eventually(`the event ${what} of ${group}`, () => heard.find((event) => event.group === group && event.what === what && holds(event)))
let lastGroup = 0
function addGroup(more: Partial<Group> = {}): Group {
  lastGroup += 1
  const id = `12036300000001${String(lastGroup).padStart(4, '0')}@g.us`
  bots.double.addGroup({ id, subject: 'Yard', owner: bot, members: [bot, annNumber], ...more })
  return bots.double.accounts.group(id) as Group // added a line above
}
const chatOf = (number: string): string => `${number}@s.whatsapp.net`

test('a group is made, and who was not added is named with the reason and the invitation in its place', async () => {
  bots.double.groups.unaddable.add(eve)
  bots.double.groups.refusing.set(left, 408)
  const people = [annNumber, bob, eve, left, stranger]
  const made = await call('POST', '/groups', { subject: 'Ramp', people })
  expect(made).toMatchObject({ status: 201, body: { group: { subject: 'Ramp', owner: { number: bot } } } })
  expect(made.body.people).toMatchObject([
    { asked: annNumber, outcome: 'done', invite: null },
    { asked: bob, outcome: 'done' },
    { asked: eve, outcome: 'invite-only', code: 403, invite: { code: 'PRETEND', expiresAt: '2030-03-17T17:46:40.000Z' } },
    { asked: left, outcome: 'left-recently' },
    { asked: stranger, outcome: 'no-account' },
  ])
  const { group } = made.body
  expect(bots.double.accounts.group(group.id)?.members).toEqual([bot, annNumber, bob])
  expect(group.members.map(({ number, role }: { number: string; role: string }) => [number, role])).toEqual([
    [bot, 'owner'],
    [annNumber, 'member'],
    [bob, 'member'],
  ])
  expect(await told(group.id, 'created')).toMatchObject({ text: 'Ramp', by: { number: bot } })
  expect((await call('GET', '/groups')).body.groups).toContainEqual({ id: group.id, subject: 'Ramp', members: 3 })
})

test('a group of 1,024 people under hidden ids is shown in full, with the numbers that are known', async () => {
  const members = [annNumber, bot, ...Array.from({ length: 1_022 }, (_, place) => `1666${String(place).padStart(7, '0')}`)]
  const facts = { owner: annNumber, members, admins: [bot], description: 'gates', announces: true, isLocked: true, membersAdd: true }
  const { id } = addGroup({ ...facts, disappearAfter: 86_400, community: '120363000000009999@g.us', hides: 'with-number' })
  const { status, body } = await call('GET', `/groups/${id}`)
  expect(status).toBe(200)
  expect(body.group).toMatchObject({
    ...{ id, subject: 'Yard', description: 'gates', size: 1_024, hidesNumbers: true, kind: 'group' },
    ...{ createdAt: '2023-11-14T22:13:20.000Z', community: '120363000000009999@g.us', owner: { number: annNumber } },
    settings: { send: 'admins', edit: 'admins', add: 'everyone', approval: false, disappearAfter: 86_400 },
  })
  expect(body.group.members).toHaveLength(1_024)
  expect(body.group.members[1]).toEqual({
    ...{ id: bots.double.account(bot).lid + '@lid', hiddenId: bots.double.account(bot).lid + '@lid', number: bot, role: 'admin' },
  })
})

test('people are added, promoted, demoted and removed by number, also where the group knows them by hidden ids alone', async () => {
  for (const hides of [undefined, 'with-number', 'alone'] as const) {
    const group = addGroup(hides === undefined ? {} : { hides })
    const change = async (action: string, people: string[]) =>
      (await call('POST', `/groups/${group.id}/members`, { action, people })).body.people.map(
        ({ asked, outcome }: { asked: string; outcome: string }) => [asked, outcome],
      )
    expect(await change('add', [bob, annNumber, stranger])).toEqual([
      [bob, 'done'],
      [annNumber, 'already-so'],
      [stranger, 'no-account'],
    ])
    expect(group.members).toEqual([bot, annNumber, bob])
    expect(await change('promote', [bob])).toEqual([[bob, 'done']])
    expect(group.admins).toEqual([bob])
    expect(await change('demote', [`${bots.double.account(bob).lid}@lid`])).toMatchObject([[expect.anything(), 'done']])
    expect(await change('remove', [bob])).toEqual([[bob, 'done']])
    expect([group.members, group.admins]).toEqual([[bot, annNumber], []])
    const gone = await told(group.id, 'removed')
    expect(gone).toMatchObject({ people: [{ hiddenId: expect.stringContaining(bots.double.account(bob).lid) }] })
    await told(group.id, 'joined', ({ people }) => people.length === 1)
    await told(group.id, 'promoted')
    await told(group.id, 'demoted')
  }
})

test('subject, description, settings, timer and picture change, and everybody hears of it', async () => {
  const group = addGroup()
  const at = (part: string) => `/groups/${group.id}/${part}`
  expect((await call('PUT', at('subject'), { subject: ' Yard 4 ' })).status).toBe(200)
  expect((await call('PUT', at('description'), { description: 'gates and ramps' })).status).toBe(200)
  const settings = { send: 'admins', edit: 'admins', add: 'everyone', approval: true, disappearAfter: 604_800 }
  expect((await call('PATCH', at('settings'), settings)).status).toBe(200)
  expect((await call('GET', at('picture'))).body).toEqual({ success: true, url: null })
  expect((await call('PUT', at('picture'), { data: jpeg.toString('base64') })).status).toBe(200)
  expect(group).toMatchObject({ subject: 'Yard 4', description: 'gates and ramps', picture: expect.anything() })
  const site = createServer((_, response) => response.end(jpeg))
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  // A listening TCP server has an address with a port.
  bots.double.groups.picturesAt = () => `http://127.0.0.1:${(site.address() as AddressInfo).port}/pretend`
  expect((await call('GET', at('picture'))).body.url).toContain('/pretend')
  const image = await call('GET', at('picture/image'))
  expect([image.status, image.headers.get('content-type'), jpeg.equals(image.body)]).toEqual([200, 'image/jpeg', true])
  await new Promise((resolve) => site.close(resolve))
  expect((await call('GET', `/groups/${group.id}`)).body.group).toMatchObject({
    subject: 'Yard 4',
    description: 'gates and ramps',
    settings,
  })
  expect(await told(group.id, 'subject')).toMatchObject({ text: 'Yard 4', by: { number: bot } })
  await told(group.id, 'description', ({ text }) => text === 'gates and ramps')
  for (const [name, value] of Object.entries(settings))
    await told(group.id, 'settings', (event) =>
      Object.entries(event.settings ?? {}).some(([each, told]) => each === name && told === value),
    )
  await told(group.id, 'picture', ({ text }) => text === 'set')

  await call('PUT', at('description'), { description: '' })
  await call('DELETE', at('picture'))
  await call('PATCH', at('settings'), { send: 'everyone', approval: false, disappearAfter: 0 })
  expect([group.description, group.picture, group.announces, group.approves, group.disappearAfter]).toEqual([
    '',
    undefined,
    false,
    false,
    undefined,
  ])
  await told(group.id, 'picture', ({ text }) => text === 'removed')
  expect((await call('PUT', at('picture'), { data: Buffer.from('no picture').toString('base64') })).status).toBe(400)
})

test('people come by the link: shown, withdrawn, joined, and waited for where an admin lets them in', async () => {
  const group = addGroup({ approves: true })
  const { code, link } = (await call('GET', `/groups/${group.id}/invite`)).body
  expect([code, link]).toEqual([group.invite, `https://chat.whatsapp.com/${group.invite}`])
  await ann.socket.groupLeave(group.id)
  expect(await told(group.id, 'left')).toMatchObject({ people: [{ number: annNumber }] })
  for (const action of ['reject', 'approve']) {
    await ann.socket.groupAcceptInvite(code)
    expect(await told(group.id, 'join-requested')).toMatchObject({ people: [{ number: annNumber }] })
    expect((await call('GET', `/groups/${group.id}/requests`)).body.requests).toMatchObject([{ number: annNumber, method: 'invite_link' }])
    const decided = await call('POST', `/groups/${group.id}/requests`, { action, people: [annNumber, bob] })
    expect(decided.body.people).toMatchObject([
      { asked: annNumber, outcome: 'done' },
      { asked: bob, outcome: 'no-account' },
    ])
  }
  await told(group.id, 'join-rejected')
  await told(group.id, 'joined', ({ people }) => people[0]?.number === annNumber)
  expect(group).toMatchObject({ members: [bot, annNumber], requests: [] })
  const next = (await call('DELETE', `/groups/${group.id}/invite`)).body.code
  expect([next === code, next]).toEqual([false, group.invite])
  await told(group.id, 'link', ({ text }) => text === next)
  expect((await call('GET', `/group-invites/${code}`)).status).toBe(404)

  const hers = addGroup({ owner: annNumber, members: [annNumber], invite: 'herOpenLink', description: 'come in' })
  const info = (await call('GET', '/group-invites/herOpenLink')).body.group
  expect(info).toMatchObject({ id: hers.id, description: 'come in', size: 1 })
  expect((await call('POST', '/group-invites/herOpenLink')).body).toEqual({ success: true, group: hers.id, waits: false })
  expect((await call('POST', '/group-invites/herOpenLink')).status).toBe(409)
  expect(hers.members).toEqual([annNumber, bot])
  expect((await call('POST', `/groups/${hers.id}/leave`)).status).toBe(200)
  expect(hers.members).toEqual([annNumber])
  const careful = addGroup({ owner: annNumber, members: [annNumber], invite: 'herCarefulLink', approves: true })
  expect((await call('POST', '/group-invites/herCarefulLink')).body).toEqual({ success: true, group: careful.id, waits: true })
})

test('what others did while the bot was away is told once it is back', async () => {
  const group = addGroup({ owner: annNumber, hides: 'with-number' })
  await bots.call('POST', '/api/sessions/gate/stop')
  await ann.socket.groupParticipantsUpdate(group.id, [chatOf(bob)], 'add')
  await ann.socket.groupParticipantsUpdate(group.id, [`${bots.double.account(bot).lid}@lid`], 'promote')
  await ann.socket.groupUpdateSubject(group.id, 'Night yard')
  await bots.call('POST', '/api/sessions/gate/start')
  expect(await told(group.id, 'joined')).toMatchObject({ by: { number: annNumber }, people: [{ number: bob }] })
  expect(await told(group.id, 'promoted')).toMatchObject({ people: [{ number: bot }] })
  expect(await told(group.id, 'subject')).toMatchObject({ text: 'Night yard', by: { number: annNumber } })
  await eventually('the bot is online', () => bots.state('gate') === 'online')
})

test('what WhatsApp refuses is said with a status of its own, never as a fault of ours', async () => {
  const hers = addGroup({ owner: annNumber, isLocked: true })
  const others = addGroup({ owner: annNumber, members: [annNumber], invite: 'fullGroup' })
  bots.double.groups.most = 1
  const mine = addGroup()
  const statusOf = async (method: string, path: string, body?: object) => {
    const { status, body: answer } = await call(method, path, body)
    expect(answer).toMatchObject({ success: false, message: expect.stringMatching(/\w/) })
    return status
  }
  expect(await statusOf('GET', `/groups/${others.id}`)).toBe(403)
  expect(await statusOf('GET', `/groups/${hers.id}/invite`)).toBe(403)
  expect(await statusOf('PUT', `/groups/${hers.id}/subject`, { subject: 'mine' })).toBe(403)
  expect(await statusOf('GET', '/groups/120363999999999999@g.us')).toBe(404)
  expect(await statusOf('POST', '/group-invites/fullGroup')).toBe(409)
  bots.double.groups.most = 1_024
  const codes = { 400: 400, 404: 404, 406: 400, 409: 409, 419: 409, 429: 429, 500: 502 }
  for (const [code, status] of Object.entries(codes)) {
    bots.double.groups.refuse(mine.id, 'subject', Number(code))
    expect(await statusOf('PUT', `/groups/${mine.id}/subject`, { subject: 'anything' }), code).toBe(status)
  }
  bots.double.groups.refuse(mine.id, 'query', 429)
  const held = await call('GET', `/groups/${mine.id}`)
  expect([held.status, held.headers.get('retry-after')]).toEqual([429, '60'])
  for (const path of ['/groups/../x', '/groups/15550100011', '/group-invites/a%2Fb'])
    expect((await call('GET', path)).status).toBeLessThan(500)
  expect(await statusOf('POST', '/groups', { subject: '', people: [bob] })).toBe(400)
  expect(await statusOf('POST', '/groups', { subject: 'x', people: ['nobody'] })).toBe(400)
  expect(await statusOf('PATCH', `/groups/${mine.id}/settings`, {})).toBe(400)
})

test('a bot that joins or adds more than its bounds is held back before WhatsApp hears of it', async () => {
  await bots.linked('second', '15550100143')
  await bots.call('PATCH', '/v1/bots/second', { groupJoinsPerDay: 1, groupAddsPerDay: 4 })
  const make = (people: string[]) => bots.call('POST', '/api/sessions/second/groups', { subject: 'Fast', people })
  expect(await make([bob, annNumber])).toMatchObject({ status: 429, body: { message: expect.stringContaining('in parts') } })
  expect((await make([bob])).status).toBe(201)
  const again = await make([bob])
  expect(again.status).toBe(429)
  expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(bots.double.accounts.groups().filter(({ subject }) => subject === 'Fast')).toHaveLength(1)
  await bots.call('POST', '/api/sessions/second/stop')
  expect((await bots.call('GET', '/api/sessions/second/groups/120363000000010001@g.us')).status).toBe(409)
})
