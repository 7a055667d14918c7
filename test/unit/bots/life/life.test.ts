/** A message and what becomes of it, in every order in which the network may bring that. */
import { randomBytes } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import type { Bot } from '../../../../server/bots/bot/bot.ts'
import type { Message } from '../../../../server/bots/engine/message.ts'
import { createKnownStore } from '../../../../server/bots/life/known-store.ts'
import { Life } from '../../../../server/bots/life/life.ts'
import { createLogChanges } from '../../../../server/bots/life/log-changes-store.ts'
import { createVanishing } from '../../../../server/bots/life/vanishing-store.ts'
import { createLogStore, type LogStore } from '../../../../server/bots/messages/log-store.ts'
import { defaultBotSettings, type BotSettings } from '../../../../server/bots/store.ts'
import { createSealer } from '../../../../server/secrets/seal.ts'
import { openDatabase, type Database } from '../../../../server/store/database.ts'
import { migrate } from '../../../../server/store/migrate.ts'

const ann = '15550100011@s.whatsapp.net'
const annHidden = '9000015550100011@lid'
const bob = '15550100012@s.whatsapp.net'
const me = '15550100142@s.whatsapp.net'
const yard = '120363000000000001@g.us'
const sealer = createSealer(randomBytes(32))

let database: Database
let log: LogStore
let life: Life
let settings: BotSettings
let told: Message[]
let reworded: [string, string | null][]
let forgotten: string[]
let unquotedIn: string[]
let admins: string[]
let bot: Bot
let now: number

beforeEach(() => {
  database = openDatabase(':memory:')
  migrate(database)
  database.exec(`INSERT INTO bots (user_id, phone_number, label, notes, settings, wanted, state, since, created_at)
    VALUES ('gate', '15550100142', '', '', '{}', 1, 'online', 0, 0)`)
  settings = { ...defaultBotSettings, keepsLog: true }
  told = []
  reworded = []
  forgotten = []
  unquotedIn = []
  admins = []
  now = 0
  log = createLogStore(database, sealer, { idOf: (_userId, id) => id, named: (_userId, message) => message })
  begin()
})

/** As after a restart: nothing but the tables is there. */
function begin(): void {
  const live = { isAdmin: async (_group: string, person: string) => admins.includes(person) }
  // As much of a bot as is asked for.
  bot = { row: { userId: 'gate', settings }, live } as unknown as Bot
  const keep = (_bot: Bot, message: Message): void => (settings.keepsLog ? log.add('gate', message) : undefined)
  life = new Life({
    store: createKnownStore(database, sealer),
    log: createLogChanges(database, sealer),
    vanishing: createVanishing(database),
    clock: { now: () => now },
    idOf: (_userId, id) => id,
    outbox: { reword: (_userId, id, text) => void reworded.push([id, text]), unquote: (_userId, _chat, id) => void unquotedIn.push(id) },
    tell(each, message) {
      told.push(message)
      if (message.changes === undefined) keep(each, message)
    },
    keep,
    onDeleted: (_userId, _chat, id) => void forgotten.push(id),
  })
}

let last = 0
const said = (text: string, more: Partial<Message> = {}): Message => {
  last += 1
  return {
    ...{ id: `M${last}`, chat: ann, author: ann, authorName: 'Ann', fromMe: false, at: last * 1_000, kind: 'text', text },
    ...{ details: {}, quoted: null, reactsTo: null, ...more },
  }
}
const unreadable = (of: Message): Message => ({ ...of, kind: 'unreadable', text: '' })
const editOf = (of: Message, text: string, more: Partial<Message> = {}): Message => ({
  ...said(text, { chat: of.chat, author: of.author, fromMe: of.fromMe, ...more }),
  changes: { id: of.id, how: 'edited', own: true },
})
const deletionOf = (of: Message, more: Partial<Message> = {}): Message => ({
  ...said('', { chat: of.chat, author: of.author, fromMe: of.fromMe, kind: 'revoked', ...more }),
  changes: { id: of.id, how: 'revoked', own: more.author === undefined && more.fromMe === undefined },
})
const take = async (...messages: Message[]): Promise<(Message | null)[]> => {
  const left = []
  for (const message of messages) {
    left.push(life.take(bot, (await life.prepare(bot, message)) ?? message))
  }
  return left
}
const kept = () => log.read('gate', { limit: 50 }).items.toReversed()
const tellings = () =>
  told.map(({ id, changes, text }) => (changes === undefined ? `${id} ${text}` : `${changes.how} ${changes.id} ${text}`))

test('an edit shows in the log with its time, is told once however often it comes, and no rule sees it', async () => {
  const first = said('at 9', { details: { mentions: [bob] } })
  const edit = editOf(first, 'at 10')
  expect(await take(first, edit, edit)).toEqual([first, null, null])
  begin()
  expect(await take(edit, first)).toEqual([null, null])
  expect(kept()).toMatchObject([{ id: first.id, text: 'at 10', at: first.at, editedAt: edit.at, details: {} }])
  expect(kept()[0]).not.toHaveProperty('earlier')
  expect(tellings()).toEqual([`${first.id} at 9`, `edited ${first.id} at 10`])
})

test('a caption that is edited keeps its picture', async () => {
  const media = {
    mimetype: 'image/png',
    size: 9,
    seconds: null,
    width: 1,
    height: 1,
    fileName: null,
    pages: null,
    note: false,
    animated: false,
  }
  const picture = said('gate 4', { kind: 'image', details: { media } })
  await take(picture, editOf(picture, 'gate 5'))
  expect(kept()).toMatchObject([{ kind: 'image', text: 'gate 5', details: { media } }])
})

test('a deletion takes the words out of the log, the search, the answers to it and the queue, and what was deleted stays so', async () => {
  const first = said('the code is 4711', { details: { mentions: [bob] } })
  const answer = said('thanks', { fromMe: true, author: me, quoted: { id: first.id, author: ann, kind: 'text', text: first.text } })
  expect(await take(first, answer, deletionOf(first), editOf(first, 'still 4711'), first, deletionOf(first))).toEqual([
    first,
    answer,
    ...[null, null, null, null],
  ])
  expect(kept()).toMatchObject([
    { id: first.id, author: ann, kind: 'revoked', text: '', details: {}, deletedAt: expect.any(Number) },
    { text: 'thanks', quoted: { id: first.id, kind: 'revoked', text: '' } },
  ])
  expect(log.read('gate', { text: '4711', limit: 5 }).items).toEqual([])
  expect(told.filter(({ changes }) => changes !== undefined)).toHaveLength(1)
  expect([forgotten, unquotedIn]).toEqual([[first.id], [first.id]])
  await take(deletionOf(answer))
  expect(reworded).toContainEqual([answer.id, null])
})

test('a bot that is set to keep such texts has them with the time they were deleted or said otherwise', async () => {
  settings = { ...settings, keepsDeleted: true }
  begin()
  const first = said('one')
  const deletion = deletionOf(first)
  await take(first, editOf(first, 'two'), editOf(first, 'three'), deletion)
  expect(kept()).toMatchObject([
    {
      text: 'three',
      deletedAt: deletion.at,
      earlier: [
        { text: 'one', at: first.at },
        { text: 'two', at: expect.any(Number) },
      ],
    },
  ])
  expect(tellings().at(-1)).toBe(`revoked ${first.id} `)
  expect(forgotten).toEqual([])
})

test('nobody but the author edits, and in a group an admin deletes as well', async () => {
  admins = [bob]
  const first = said('mine', { chat: yard })
  const other = said('also mine', { chat: yard })
  const carl = { author: '15550100013@s.whatsapp.net' }
  await take(
    first,
    other,
    editOf(first, 'not mine', { author: bob }),
    deletionOf(first, carl),
    editOf(first, '', { fromMe: true, author: me }),
  )
  expect(told).toHaveLength(2)
  await take(deletionOf(first, { author: bob }), deletionOf(other, { fromMe: true, author: me }))
  expect(kept()).toMatchObject([{ kind: 'revoked', author: ann }, { kind: 'revoked' }])
  // In a chat of two nobody takes the other's words away.
  const ours = said('ours', { fromMe: true, author: me })
  const theirs = said('theirs')
  await take(ours, theirs, deletionOf(ours, { fromMe: false, author: ann }), deletionOf(theirs, { fromMe: true, author: me }))
  expect(kept().slice(2)).toMatchObject([{ text: 'ours' }, { text: 'theirs' }])
})

test('whether somebody is an admin is asked of a connection, and a deletion waits for it', async () => {
  const first = said('mine', { chat: yard })
  await take(first)
  Object.assign(bot, { live: null })
  await expect(life.prepare(bot, deletionOf(first, { author: bob }))).rejects.toMatchObject({ code: 'bot-not-online' })
  expect(life.prepare(bot, deletionOf(first))).toBe(null)
})

test.each([
  ['an edit', (of: Message) => editOf(of, 'at 10'), { text: 'at 10', editedAt: expect.any(Number) }, 1],
  ['a deletion', (of: Message) => deletionOf(of), { text: '', kind: 'revoked' }, 0],
])('%s that comes before its message waits for it, over a restart', async (_what, make, shown, forRules) => {
  for (const chat of [ann, yard]) {
    const first = said('at 9', { chat })
    const change = make(first)
    await take(change)
    begin()
    const left = await take(first)
    expect(left.filter((message) => message !== null)).toHaveLength(forRules)
    expect(kept().at(-1)).toMatchObject({ id: first.id, ...shown })
    // In a group nobody knows yet whose message it is.
    expect(told.filter(({ changes }) => changes?.id === first.id)).toHaveLength(chat === ann ? 1 : 0)
    expect(told.some(({ id, text }) => id === first.id && text === 'at 9')).toBe(false)
  }
})

test('a change of somebody else that comes before its message does nothing to it, nor does an older one to a newer', async () => {
  const first = said('mine', { chat: yard })
  await take(editOf(first, 'not mine', { author: bob }), first)
  expect(kept()).toMatchObject([{ text: 'mine' }])
  const [one, two] = [editOf(first, 'second'), editOf(first, 'third')]
  await take(two, one)
  expect(kept()).toMatchObject([{ text: 'third', editedAt: two.at }])
  expect(tellings().at(-1)).toBe(`edited ${first.id} third`)
})

test('an edit or a deletion of something that nobody knows is told where it is sure whose it was', async () => {
  await take(
    editOf(said('', { fromMe: true, author: me }), 'from the phone'),
    deletionOf(said('')),
    editOf(said('', { chat: yard }), 'whose?'),
  )
  expect(told.map(({ changes }) => changes?.how)).toEqual(['edited', 'revoked'])
})

test('what could not be read is told again with its words, once, and the rules see that alone', async () => {
  const first = said('at last')
  const left = await take(unreadable(first), unreadable(first), first, first, unreadable(first))
  expect(left.map((message) => message?.text)).toEqual(['', undefined, 'at last', undefined, undefined])
  expect(told).toMatchObject([{ kind: 'unreadable' }, { text: 'at last', wasUnreadable: true }])
  expect(kept()).toMatchObject([{ id: first.id, kind: 'text', text: 'at last' }])
})

test('an edit of what could not be read shows at once, and the words that come later are those of the edit', async () => {
  const first = said('at 9')
  await take(unreadable(first), editOf(first, 'at 10'))
  expect(kept()).toMatchObject([{ kind: 'text', text: 'at 10' }])
  const [left] = await take(first)
  expect(left).toMatchObject({ text: 'at 10', wasUnreadable: true })
  expect(kept()).toMatchObject([{ text: 'at 10' }])
})

test('a message that comes again is the same one under either id of its chat, without a log too', async () => {
  settings = { ...settings, keepsLog: false }
  begin()
  const first = said('once')
  const again = { ...first, chat: annHidden, author: annHidden }
  expect(await take(first, again)).toEqual([first, null])
  begin()
  expect(await take(again, { ...first, chat: bob, author: bob })).toMatchObject([null, { chat: bob }])
  // Changed from there, it is still the one that is known.
  await take(editOf(again, 'twice'))
  expect(told.at(-1)).toMatchObject({ chat: ann, text: 'twice' })
})

test('what was kept before there was a table of what is known is known from the log', async () => {
  const first = said('old')
  log.add('gate', first)
  expect(await take(first)).toEqual([null])
  await take(editOf(first, 'new'))
  expect(kept()).toMatchObject([{ text: 'new' }])
})

test('groups, broadcast lists, status and channels are passed over where a bot is set so', async () => {
  const from = ['status@broadcast', '120363000000000009@newsletter', yard, '1700000000@broadcast']
  const all = from.map((chat) => said('seen?', { chat }))
  expect((await take(...all)).map((message) => message?.chat)).toEqual([undefined, undefined, yard, '1700000000@broadcast'])
  settings = { ...settings, ignores: { groups: true, broadcasts: true, channels: false, status: false } }
  begin()
  expect((await take(...all.map((message) => ({ ...message, id: `${message.id}b` })))).map((message) => message?.chat)).toEqual([
    'status@broadcast',
    '120363000000000009@newsletter',
    ...[undefined, undefined],
  ])
})

const markOf = (of: Message, how: 'pinned' | 'unpinned' | 'kept' | 'unkept'): Message => ({
  ...said('', { chat: of.chat, author: bob, kind: how }),
  changes: { id: of.id, how, own: false },
})

test('what is pinned says so in the log, and is no message that a rule could answer', async () => {
  const first = said('ramp 2', { chat: yard })
  expect(await take(first, markOf(first, 'pinned'))).toEqual([first, null])
  expect(kept()).toMatchObject([{ text: 'ramp 2', pinned: true }])
  await take(markOf(first, 'unpinned'))
  expect(kept()[0]).not.toHaveProperty('pinned')
  expect(told.map(({ changes }) => changes?.how)).toEqual([undefined, 'pinned', 'unpinned'])
})

test('what was sent to vanish goes from the log when its time has come, unless somebody keeps it', async () => {
  const [first, second] = [said('gone tomorrow', { expiresAt: 5_000 }), said('kept', { expiresAt: 5_000 })]
  const answer = said('ok', { quoted: { id: first.id, author: ann, kind: 'text', text: first.text } })
  await take(first, second, answer, markOf(second, 'kept'))
  now = 4_999
  life.trim(bot)
  expect(kept()).toHaveLength(3)
  now = 5_000
  life.trim(bot)
  expect(kept()).toMatchObject([{ text: 'kept' }, { text: 'ok', quoted: { text: '' } }])
  expect(forgotten).toEqual([first.id])
  await take(first, markOf(second, 'unkept'))
  life.trim(bot)
  expect(kept()).toMatchObject([{ text: 'ok' }])
})
