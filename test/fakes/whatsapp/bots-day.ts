/** Bots in every state a person meets, with people who write to them: for pictures and for trying the window. */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import type { ServerProcess } from '../server-process.ts'
import { connectContact, textOf, type Contact } from './contact.ts'
import type { WhatsAppDouble } from './double.ts'

export interface BotsDay {
  contacts: Contact[]
  stop(): Promise<void>
}

export const bots = [
  { userId: 'bot_15550100142', label: 'Gate alerts' },
  { userId: 'bot_15550100177', label: 'Driver help' },
  { userId: 'bot_15550100123', label: 'Night dispatch' },
  { userId: 'bot_15550100381', label: 'Invoices' },
  { userId: 'bot_15550100156', label: 'Front desk' },
  { userId: 'bot_15550100119', label: 'Returns desk' },
  { userId: 'bot_15550100199', label: 'Test line' },
] as const
const [gate, drivers, night, invoices, desk, returns, test] = bots
const numberOf = (userId: string): string => userId.slice('bot_'.length)
const chatOf = (userId: string): string => `${numberOf(userId)}@s.whatsapp.net`
const yard = '120363040000000001@g.us'

type Call = ServerProcess['call']

/** Links all bots with the pretend phone. */
export async function linkBots(call: Call, double: WhatsAppDouble): Promise<void> {
  await call('/control/v1/settings', { method: 'PATCH', json: { bots: { pause: 0 } } })
  for (const bot of bots) await link(call, double, bot)
  for (const { userId } of bots) await call(`/bots/v1/bots/${userId}`, { method: 'PATCH', json: { keepsLog: userId !== test.userId } })
}

const minute = 60_000
const day = 24 * 60 * minute

/** Makes bots of a stopped server twelve days old: when they were online, lost and written to. Always the same, for pictures that can be compared. */
export function ageBots(dataDir: string, now = Date.now()): void {
  const database = new Database(join(dataDir, 'wheelhouse.db'))
  const shift = 12 * day
  database.prepare('UPDATE bots SET created_at = created_at - ?, linked_at = linked_at - ?').run(shift, shift)
  database.prepare('UPDATE bot_history SET at = at - ?').run(shift)
  const remember = database.prepare('INSERT INTO bot_history (user_id, at, state, reason) VALUES (?, ?, ?, ?)')
  const count = database.prepare('INSERT INTO bot_activity (user_id, slot, received, sent, failed) VALUES (?, ?, ?, ?, 0) ON CONFLICT DO NOTHING')
  const lost = (userId: string, ago: number, lasted: number): void => {
    remember.run(userId, now - ago, 'reconnecting', 'Connection lost (428)')
    remember.run(userId, now - ago + lasted, 'online', null)
  }
  database.transaction(() => {
    for (const { userId } of bots) remember.run(userId, now - shift + minute, userId === test.userId ? 'stopped' : 'online', null)
    lost(invoices.userId, 2.3 * day, 40 * minute)
    lost(invoices.userId, 19 * 60 * minute, 25 * minute)
    lost(night.userId, 17 * 60 * minute, 35 * minute)
    lost(desk.userId, 9 * 60 * minute, 20 * minute)
    remember.run(returns.userId, now - 5 * day, 'stopped', 'Stopped by you')
    remember.run(returns.userId, now - 4.5 * day, 'online', null)
    const busy = [[gate, 1_284, 312], [drivers, 906, 871], [night, 441, 128], [invoices, 77, 9], [desk, 215, 240], [returns, 18, 22]] as const
    const slot = Math.floor(now / (5 * minute))
    for (const [{ userId }, sent, received] of busy) {
      // A day's work in the shape of a day: quiet at its ends.
      const shares = Array.from({ length: 280 }, (_, index) => Math.sin((Math.PI * (index + 1)) / 281) ** 2)
      const all = shares.reduce((sum, share) => sum + share, 0)
      const upTo = (total: number, index: number): number => Math.round((total * shares.slice(0, index).reduce((sum, share) => sum + share, 0)) / all)
      for (let index = 0; index < shares.length; index += 1) count.run(userId, slot - 281 + index, upTo(received, index + 1) - upTo(received, index), upTo(sent, index + 1) - upTo(sent, index))
    }
  })()
  database.close()
}

/** Lets people write, then brings some of the bots into trouble. */
export async function startBotsDay(call: Call, double: WhatsAppDouble): Promise<BotsDay> {
  for (const { userId } of bots) await until(async () => (await stateOf(call, userId)) === 'online')
  const ann = await connectContact(double, '15550100011', 'Ann Driver')
  const ben = await connectContact(double, '15550100012', 'Ben Yard')
  const contacts = [ann, ben]
  double.addGroup({ id: yard, subject: 'Yard shift A', owner: ann.number, members: [ann.number, ben.number, numberOf(drivers.userId)] })
  await setRules(call, drivers.userId)
  await talk(call, drivers.userId, ann, ben)
  for (const { userId } of [gate, night]) {
    for (const text of ['Gate 4 is free again', 'Container MSKU 442 918 0 is released']) await send(call, userId, ann.number, { type: 'text', text })
  }
  await said(ann, 'Container MSKU 442 918 0 is released')

  await call(`/bots/v1/bots/${invoices.userId}/backups`, { method: 'POST' })
  await call(`/bots/v1/bots/${test.userId}/stop`, { method: 'POST' })
  double.removeDevice(deviceOf(double, invoices.userId))
  double.replace(deviceOf(double, returns.userId))
  await until(async () => (await stateOf(call, invoices.userId)) === 'logged_out' && (await stateOf(call, returns.userId)) === 'replaced')
  double.refuseLogin(503)
  deviceOf(double, night.userId).connection?.cut()
  for (let left = 14; left > 0; left -= 1) await send(call, invoices.userId, ann.number, { type: 'text', text: `Invoice 20${left} is ready` })
  await until(async () => (await stateOf(call, night.userId)) === 'reconnecting')
  return {
    contacts,
    async stop() {
      for (const contact of contacts) await contact.stop()
    },
  }
}

async function setRules(call: Call, userId: string): Promise<void> {
  const rules = `/bots/api/sessions/${userId}/rules`
  await call('/brokers/api/createSession', { method: 'POST', json: { sessionName: 'orders-prod', password: 'harbor-demo-1' } })
  await call(rules, { method: 'POST', json: { name: 'Seal numbers to the yard', match: { text: { how: 'contains', value: 'seal' } }, action: { type: 'publish', session: 'orders-prod', topic: 'whatsapp.seals' }, stop: false } })
  await call(rules, { method: 'POST', json: { name: 'Opening hours', match: { text: { how: 'regex', value: '\\b(open|close|hours)\\b' }, where: 'people' }, action: { type: 'reply', template: 'Hello {{name}}, the gate is open from 06:00 to 22:00.', quote: true } } })
  await call(rules, { method: 'POST', json: { name: 'Pictures are for people', enabled: false, match: { kinds: ['image', 'video'] }, action: { type: 'reply', template: 'Thank you, somebody looks at it.' } } })
}

/** A conversation with answers, a reply, a reaction and a group; every line arrives before the next is written. */
async function talk(call: Call, bot: string, ann: Contact, ben: Contact): Promise<void> {
  const asked = await ann.socket.sendMessage(chatOf(bot), { text: 'Morning. Which gate for MSKU 442 918 0?' })
  await heard(call, bot, 'Morning. Which gate')
  await send(call, bot, ann.number, { type: 'text', text: 'Gate 4, lane 2. It is free from 09:40.' })
  await said(ann, 'Gate 4, lane 2. It is free from 09:40.')
  await ann.socket.sendMessage(chatOf(bot), { text: 'Can I come at 09:30 already? The road is empty today and I would rather wait inside than outside.' })
  await heard(call, bot, 'Can I come at 09:30')
  await send(call, bot, ann.number, { type: 'text', text: 'Yes, wait at the buffer.', replyTo: { id: asked?.key.id ?? '', text: 'Morning. Which gate for MSKU 442 918 0?' } })
  const last = await ann.message((message) => textOf(message) === 'Yes, wait at the buffer.')
  await ann.socket.readMessages([last.key])
  await ann.socket.sendMessage(chatOf(bot), { text: 'And when do you close?' })
  await said(ann, 'Hello Ann Driver, the gate is open from 06:00 to 22:00.')
  await ben.socket.sendMessage(chatOf(bot), { text: 'Seal number for trailer 12 please' })
  await heard(call, bot, 'Seal number')
  await ben.socket.sendMessage(yard, { text: 'Lane 2 is blocked until ten' })
  await heard(call, bot, 'Lane 2 is blocked')
  await ben.socket.sendMessage(chatOf(bot), { text: 'It is urgent, the driver waits' })
  await heard(call, bot, 'It is urgent')
}

async function link(call: Call, double: WhatsAppDouble, { userId, label }: { userId: string; label: string }): Promise<void> {
  const phoneNumber = numberOf(userId)
  await call('/bots/v1/bots', { method: 'POST', json: { userId, phoneNumber, label } })
  let code: string | null = null
  await until(async () => {
    const { bot } = (await (await call(`/bots/v1/bots/${userId}`)).json()) as { bot: { pairing: { code: string | null } | null } } // the contract's answer
    code = bot.pairing?.code ?? null
    return code !== null
  })
  await double.enterCode(phoneNumber, code ?? '')
  await until(async () => (await stateOf(call, userId)) === 'online')
}

async function stateOf(call: Call, userId: string): Promise<string> {
  return ((await (await call(`/bots/v1/bots/${userId}`)).json()) as { bot: { state: string } }).bot.state // the contract's answer
}

async function send(call: Call, userId: string, to: string, message: object): Promise<void> {
  await call(`/bots/api/sessions/${userId}/messages`, { method: 'POST', json: { to, ...message } })
}

function said(contact: Contact, text: string): Promise<unknown> {
  return contact.message((message) => textOf(message) === text)
}

function heard(call: Call, userId: string, beginning: string): Promise<void> {
  return until(async () => {
    const { messages } = (await (await call(`/bots/api/sessions/${userId}/log`)).json()) as { messages: { text: string }[] } // the contract's answer
    return messages.some(({ text }) => text.startsWith(beginning))
  })
}

function deviceOf(double: WhatsAppDouble, userId: string) {
  const device = [...double.account(numberOf(userId)).devices.values()].at(-1)
  if (device === undefined) throw new Error(`${userId} is not linked`)
  return device
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('the pretend WhatsApp did not come so far')
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
}
