/** Votes in polls that the bot has asked and those it was asked: counted, told, kept over a restart. One room for all. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createVoteStore } from '../../../server/bots/votes/store.ts'
import type { BotEvent } from '../../../server/bots/contract/index.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'
import { vote } from '../../fakes/whatsapp/polls.ts'

const botNumber = '15550100142'
const bot = `${botNumber}@s.whatsapp.net`
const group = '120363000000000001@g.us'
const path = '/api/sessions/gate'
const told: Extract<BotEvent, { type: 'vote' }>[] = []
let bots: ServedBots
let ann: Contact
let bob: Contact

beforeAll(async () => {
  bots = await serveBots()
  bots.context.change({ bots: { pause: 0 } })
  ann = await connectContact(bots.double, '15550100011', 'Ann')
  bob = await connectContact(bots.double, '15550100022', 'Bob')
  bots.double.addGroup({ id: group, subject: 'Yard', owner: ann.number, members: [ann.number, bob.number, botNumber] })
  await bots.linked('gate', botNumber)
  bots.room.messages.subscribe('gate', (event) => event.type === 'vote' && told.push(event))
})

afterAll(async () => {
  await ann.stop()
  await bob.stop()
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const jid = ({ number }: Contact): string => `${number}@s.whatsapp.net`
const votes = async (id: string) => (await bots.call('GET', `${path}/messages/${id}/votes`)).body
const totals = async (id: string): Promise<unknown> => (await votes(id)).totals?.map((each: { votes: number }) => each.votes)

/** The bot asks in the group. */
async function ask(question: string, more: object = {}): Promise<string> {
  const { body } = await bots.call('POST', `${path}/messages`, {
    to: group,
    type: 'poll',
    question,
    options: ['nine', 'ten', 'never'],
    ...more,
  })
  return body.message.messageId
}

async function cast(by: Contact, id: string, options: string[], creator = bot): Promise<void> {
  const poll = await by.message(({ key }) => key.id === id)
  const secret = poll.message?.messageContextInfo?.messageSecret ?? expect.fail('a poll without a secret')
  await vote(by, secret, { poll, options, creator, voter: jid(by) })
}

test('votes in a poll of the bot are counted and told, and a person can change theirs and take it back', async () => {
  const id = await ask('When?')
  const [asked] = await Promise.all([ann.message(({ key }) => key.id === id), bob.message(({ key }) => key.id === id)])
  expect(asked.message?.pollCreationMessageV3).toMatchObject({ name: 'When?', selectableOptionsCount: 1 })
  await cast(ann, id, ['nine'])
  await expect.poll(() => totals(id)).toEqual([1, 0, 0])
  await cast(bob, id, ['nine'])
  await expect.poll(() => totals(id)).toEqual([2, 0, 0])
  await cast(bob, id, ['ten'])
  await expect.poll(() => totals(id)).toEqual([1, 1, 0])
  await cast(ann, id, [])
  await expect.poll(() => totals(id)).toEqual([0, 1, 0])
  expect(await votes(id)).toMatchObject({
    poll: { id, chat: group, question: 'When?', options: ['nine', 'ten', 'never'], selectable: 1, fromMe: true },
    votes: [{ voter: jid(bob), voterName: 'Bob', fromMe: false, options: ['ten'] }],
  })
  const events = told.filter(({ poll }) => poll.id === id)
  expect(events.map((event) => [event.vote.voterName, ...event.vote.options])).toEqual([
    ['Ann', 'nine'],
    ['Bob', 'nine'],
    ['Bob', 'ten'],
    ['Ann'],
  ])
  expect(events.at(-1)).toMatchObject({
    chat: group,
    poll: { question: 'When?' },
    totals: [{ option: 'nine', votes: 0 }, { option: 'ten', votes: 1 }, {}],
  })
})

test('several can be chosen where the poll allows it, and what it does not have counts for nothing', async () => {
  const id = await ask('Which?', { selectable: 0 })
  await cast(ann, id, ['nine', 'never', 'else'])
  await expect.poll(() => totals(id)).toEqual([1, 0, 1])
})

test('votes in a poll that somebody else has asked are counted too, and no rule and no log takes them for messages', async () => {
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  const id = (await ann.socket.sendMessage(group, { poll: { name: 'Lunch?', values: ['yes', 'no'], selectableCount: 1 } }))?.key.id ?? ''
  await bob.message(({ key }) => key.id === id)
  await cast(bob, id, ['yes'], jid(ann))
  await expect.poll(() => totals(id)).toEqual([1, 0])
  const { messages } = (await bots.call('GET', `${path}/log`)).body
  expect(messages.map(({ kind }: { kind: string }) => kind)).toEqual(['poll'])
  expect(JSON.stringify(messages)).not.toMatch(/pollKey|secret/)
})

test('a vote that comes before its poll is counted when that comes; one under a wrong seal never is', async () => {
  const id = (await ann.socket.sendMessage(bot, { poll: { name: 'Early?', values: ['yes', 'no'], selectableCount: 1 } }))?.key.id ?? ''
  await expect.poll(() => totals(id)).toEqual([0, 0])
  const poll = await ann.message(({ key }) => key.id === id)
  await vote(ann, Buffer.alloc(32, 1), { poll, options: ['no'], creator: jid(ann), voter: jid(ann) })
  await vote(ann, poll.message?.messageContextInfo?.messageSecret ?? Buffer.alloc(0), {
    poll,
    options: ['yes'],
    creator: jid(ann),
    voter: jid(ann),
  })
  await expect.poll(() => totals(id)).toEqual([1, 0])

  const store = createVoteStore(bots.context.database, bots.context.sealer)
  const [known] = store.polls('gate', id)
  if (known === undefined) expect.fail('no poll')
  bots.context.database.prepare('DELETE FROM bot_polls WHERE message_id = ?').run(id)
  expect(await bots.call('GET', `${path}/messages/${id}/votes`)).toMatchObject({ status: 404 })
  store.addPoll('gate', known)
  expect(await totals(id)).toEqual([1, 0])
})

test('what was counted is there after a restart of the bot, sealed, and gone when the chat is forgotten', async () => {
  const id = await ask('Kept?')
  await cast(ann, id, ['never'])
  await expect.poll(() => totals(id)).toEqual([0, 0, 1])
  await bots.room.service.get('gate').restart()
  await expect.poll(() => bots.state('gate')).toBe('online')
  expect(await totals(id)).toEqual([0, 0, 1])
  await cast(ann, id, ['ten'])
  await expect.poll(() => totals(id)).toEqual([0, 1, 0])
  const sealed = bots.context.database
    .prepare('SELECT sealed FROM bot_polls UNION ALL SELECT sealed FROM bot_votes')
    .pluck()
    .all() as Buffer[] // the column is a blob
  expect(sealed.some((bytes) => bytes.includes('Kept?'))).toBe(false)
  await bots.call('DELETE', `${path}/log?chat=${group}`)
  expect(await bots.call('GET', `${path}/messages/${id}/votes`)).toMatchObject({ status: 404 })
})
