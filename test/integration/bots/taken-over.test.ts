/** A link that another program made with the same library goes on here: its chats stay readable. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as library from 'baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fault } from '../../../server/fault.ts'
import { readForeignLink } from '../../../server/bots/engine/baileys/foreign-link.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { connectContact, silent, shouldSyncHistoryMessage, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'

const number = '15550100171'
const group = '120363000000000171@g.us'
let bots: ServedBots
let ann: Contact
/** The folder that the other program left, by file name. */
let folder: Record<string, string>

beforeAll(async () => {
  bots = await serveBots()
  ann = await connectContact(bots.double, '15550100172', 'Ann')
  bots.double.addGroup({ id: group, subject: 'Yard', owner: ann.number, members: [ann.number, number] })
  folder = await otherProgram()
})

afterAll(async () => {
  await ann.stop()
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

/** Links with the library's own folder, writes with Ann alone and in a group, and ends. */
async function otherProgram(): Promise<Record<string, string>> {
  const path = mkdtempSync(join(tmpdir(), 'auth-info-'))
  try {
    const first = await socketOn(path)
    await first.closed
    const { socket, opened, heard, closed } = await socketOn(path)
    await opened
    await socket.sendMessage(`${ann.number}@s.whatsapp.net`, { text: 'from the other program' })
    await ann.message((message) => textOf(message) === 'from the other program')
    await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'heard there' })
    await ann.socket.sendMessage(group, { text: 'heard by all' })
    await heard('heard there')
    await heard('heard by all')
    await socket.end(undefined)
    await closed
    return Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'utf8')]))
  } finally {
    rmSync(path, { recursive: true })
  }
}

async function socketOn(path: string) {
  const { state, saveCreds } = await library.useMultiFileAuthState(path)
  const socket = library.makeWASocket({ waWebSocketUrl: bots.double.url, auth: state, logger: silent, shouldSyncHistoryMessage })
  const texts: string[] = []
  let writing: Promise<void> = Promise.resolve()
  socket.ev.on('creds.update', () => void (writing = saveCreds()))
  socket.ev.on('messages.upsert', ({ messages }) => void texts.push(...messages.map((message) => textOf(message) ?? '')))
  const opened = new Promise<void>((resolve) => socket.ev.on('connection.update', ({ connection }) => connection === 'open' && resolve()))
  const closed = new Promise<void>((resolve, reject) =>
    socket.ev.on('connection.update', ({ qr, connection }) => {
      if (qr !== undefined) bots.double.scanQr(number, qr).catch(reject)
      if (connection === 'close') writing.then(resolve, reject)
    }),
  )
  const heard = (text: string) => eventually(text, () => texts.includes(text))
  return { socket, opened, closed, heard }
}

const takeOver = (body: unknown) => bots.call('POST', '/v1/bot-links', body)

test('a baileys folder is taken over, stopped, and reads its old chats once it runs', async () => {
  const answer = await takeOver({ userId: 'moved', label: 'Shop', files: { ...folder, 'notes.txt': 'mine' } })
  expect(answer).toMatchObject({ status: 201, body: { bot: { userId: 'moved', phoneNumber: number, state: 'stopped', label: 'Shop' } } })
  expect(answer.body.bot.linkedAt).not.toBe(null)
  expect((await bots.call('POST', '/v1/bots/moved/start')).status).toBe(200)
  await expect.poll(() => bots.state('moved')).toBe('online')
  await bots.call('PATCH', '/v1/bots/moved', { keepsLog: true })

  await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'heard here' })
  await ann.socket.sendMessage(group, { text: 'all heard here' })
  const texts = async () => (await bots.call('GET', '/api/sessions/moved/log')).body.messages.map(({ text }: { text: string }) => text)
  await expect.poll(texts).toEqual(expect.arrayContaining(['heard here', 'all heard here']))
  // The phone knows one device, as before.
  expect(bots.double.account(number).devices.size).toBe(1)

  expect((await takeOver({ userId: 'moved', files: folder })).status).toBe(409)
  expect((await takeOver({ userId: 'again', files: folder })).body.message).toContain('already linked as session moved')
})

/** What the entries of one link are, whatever they came in. */
const link = (files: Record<string, string>) => {
  const { rows, phoneNumber, name } = readForeignLink(files, library)
  const sorted = rows.map(({ kind, id, value }) => `${kind} ${id} ${value.toString()}`).sort()
  return { sorted, phoneNumber, name }
}
/** The entries by the names under which the library keeps them. */
const entries = () =>
  Object.fromEntries(
    readForeignLink(folder, library).rows.map(({ kind, id, value }) => [id === '' ? kind : `${kind}-${id}`, value.toString()]),
  )
const unreadable = (files: Record<string, string>): string => {
  try {
    link(files)
    return 'it was read'
  } catch (error) {
    return Fault.is(error, 'link-unreadable') ? error.message : `another fault: ${String(error)}`
  }
}

test('every key of the folder is taken, under the name that the library asks for', () => {
  const { rows } = readForeignLink(folder, library)
  expect(rows).toHaveLength(Object.keys(folder).length)
  expect(rows.map(({ kind, id }) => `${kind} ${id}`)).toContainEqual(expect.stringMatching(/^sender-key .+@g\.us::.+::\d+$/))
})

test('it does not matter in which folder below the chosen one it lies', () => {
  const nested = Object.fromEntries(Object.entries(folder).map(([name, text]) => [`noweb/default/${name}`, text]))
  expect(link({ ...nested, 'noweb/default/store.sqlite3': 'x', 'noweb/readme.json': '{}' })).toEqual(link(folder))
  expect(unreadable({ ...nested, 'noweb/other/creds.json': '{}' })).toContain('several links')
})

test('the table of WAHA on PostgreSQL is the same link', () => {
  // The driver writes bytes as Node's own JSON does.
  const plain = (text: string): unknown =>
    JSON.parse(text, (_, value: { type?: string; data?: string } | null) =>
      value?.type === 'Buffer' ? Buffer.from(value.data ?? '', 'base64').toJSON() : value,
    )
  const rows = Object.entries(entries()).map(([key, text]) => ({ session_id: 'default', key, value: plain(text) }))
  expect(link({ 'waha_auth.json': JSON.stringify(rows) })).toEqual(link(folder))
  expect(unreadable({ 'waha_auth.json': JSON.stringify([...rows, { session_id: 'other', key: 'creds', value: {} }]) })).toContain('2 links')
})

test('an instance of Evolution is the same link, its credentials in text within text, its keys in files or in Redis', () => {
  const creds = JSON.stringify(folder['creds.json'])
  expect(link({ ...folder, 'creds.json': creds })).toEqual(link(folder))
  expect(link({ 'hash.json': JSON.stringify(entries()) })).toEqual(link(folder))
})

test('what is no link says what is missing, and makes no bot', async () => {
  const { 'creds.json': creds = '', ...keys } = folder
  const unfinished = JSON.stringify({ ...(JSON.parse(creds) as object), account: undefined })
  expect(unreadable(keys)).toContain('creds.json is missing')
  expect(unreadable({ ...keys, 'creds.json': unfinished })).toContain('no finished link (account)')
  expect(unreadable({ ...folder, 'session-1.0.json': '{"half' })).toContain('session-1.0.json is no JSON')
  expect(unreadable({ 'default/gows.db': 'x' })).toContain('another library')
  expect(unreadable({ 'table.json': '7' })).toContain('neither')
  const answer = await takeOver({ userId: 'none', files: keys })
  expect(answer).toMatchObject({ status: 400, body: { success: false, message: expect.stringContaining('creds.json is missing') } })
  expect((await takeOver({ userId: 'none', files: {} })).status).toBe(400)
  expect(bots.room.service.find('none')).toBe(undefined)
})
