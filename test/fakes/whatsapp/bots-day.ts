/** Bots in every state a person meets, with people who write to them: for pictures and for trying the window. */
import type { ServerProcess } from '../server-process.ts'
import { connectContact, textOf, type Contact } from './contact.ts'
import type { WhatsAppDouble } from './double.ts'

export interface BotsDay {
  contacts: Contact[]
  stop(): Promise<void>
}

const bots = [
  { userId: 'bot_15550100142', label: 'Gate alerts' },
  { userId: 'bot_15550100177', label: 'Driver help' },
  { userId: 'bot_15550100123', label: 'Night dispatch' },
  { userId: 'bot_15550100381', label: 'Invoices' },
  { userId: 'bot_15550100156', label: 'Front desk' },
  { userId: 'bot_15550100119', label: 'Returns desk' },
  { userId: 'bot_15550100199', label: 'Test line' },
] as const
const numberOf = (userId: string): string => userId.slice('bot_'.length)
const chatOf = (userId: string): string => `${numberOf(userId)}@s.whatsapp.net`
export const yard = '120363040000000001@g.us'

type Call = ServerProcess['call']

/** Links all bots with the pretend phone, lets people write, then brings some of the bots into trouble. */
export async function startBotsDay(call: Call, double: WhatsAppDouble): Promise<BotsDay> {
  const [gate, drivers, night, invoices, , returns, test] = bots
  await call('/control/v1/settings', { method: 'PATCH', json: { bots: { pause: 0 } } })
  for (const bot of bots) await link(call, double, bot)
  for (const { userId } of bots) await call(`/bots/v1/bots/${userId}`, { method: 'PATCH', json: { keepsLog: userId !== test.userId } })

  const ann = await connectContact(double, '15550100011', 'Ann Driver')
  const ben = await connectContact(double, '15550100012', 'Ben Yard')
  const contacts = [ann, ben]
  double.addGroup({ id: yard, subject: 'Yard shift A', owner: ann.number, members: [ann.number, ben.number, numberOf(drivers.userId)] })
  await talk(call, drivers.userId, ann, ben)
  for (const { userId } of [gate, night]) {
    for (const text of ['Gate 4 is free again', 'Container MSKU 442 918 0 is released']) await send(call, userId, ann.number, { type: 'text', text })
  }
  await said(ann, 'Container MSKU 442 918 0 is released')

  await call(`/bots/v1/bots/${invoices.userId}/backups`, { method: 'POST' })
  await call(`/bots/v1/bots/${test.userId}/stop`, { method: 'POST' })
  double.removeDevice(deviceOf(double, invoices.userId))
  double.replace(deviceOf(double, returns.userId))
  double.refuseLogin(503)
  deviceOf(double, night.userId).connection?.cut()
  for (let left = 14; left > 0; left -= 1) await send(call, invoices.userId, ann.number, { type: 'text', text: `Invoice 20${left} is ready` })
  await until(async () => (await stateOf(call, night.userId)) === 'reconnecting' && (await stateOf(call, invoices.userId)) === 'logged_out' && (await stateOf(call, returns.userId)) === 'replaced')
  return {
    contacts,
    async stop() {
      for (const contact of contacts) await contact.stop()
    },
  }
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
  await ann.socket.sendMessage(chatOf(bot), { react: { text: '👍', key: last.key } })
  await ann.socket.readMessages([last.key])
  await ben.socket.sendMessage(chatOf(bot), { text: 'Seal number for trailer 12 please' })
  await heard(call, bot, 'Seal number')
  await ben.socket.sendMessage(yard, { text: 'Lane 2 is closed until ten' })
  await heard(call, bot, 'Lane 2 is closed')
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
