/**
 * `npm run bench -- bots`: what a bot costs and how quick it is (`cost`), and what many of them, long histories and many reconnects cost
 * (`growth`), through the protocol double on this machine. The room runs in a process of its own, so that the double's work is not
 * counted as the bots'.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launch } from 'puppeteer-core'
import { connectContact, textOf, type Contact } from '../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../fakes/whatsapp/double.ts'
import { chromiumPath } from '../fixtures/chromium.ts'
import { growth } from './bots/growth.ts'
import { descendants, mib, proportionalBytes } from './bots/memory.ts'
import { startRoom, type Room } from './bots/room.ts'

const counts = [1, 10, 50]
const goalPerBot = 1_048_576

const parts = { cost, growth }
const wanted = process.argv.slice(2)
for (const [name, measure] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await measure()

async function cost(): Promise<void> {
  const double = await WhatsAppDouble.start()
  const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-bench-'))
  let room = startRoom(double, dataDir)
  try {
    const pairings: number[] = []
    for (let made = 0; made < (counts.at(-1) ?? 0); made += 1) {
      const begun = performance.now()
      const number = numberOf(made)
      const { code } = (await room.ask('create', { userId: `bot_${made}`, phoneNumber: number })) as { code: string } // the room below answers so
      await double.enterCode(number, code)
      await room.ask('online', { userId: `bot_${made}` })
      pairings.push(performance.now() - begun)
    }
    // What bots cost that are there, not what making them leaves behind: as after a start of the app.
    await room.ask('stop-all')
    await room.stop()
    room = startRoom(double, dataDir)
    const idle: number[] = []
    for (const count of counts) {
      await room.ask('start', { bots: count })
      idle.push(((await room.ask('memory')) as { bytes: number }).bytes) // as above
    }
    const [first = 0, middle = 0, last = 0] = idle
    const each = (last - first) / ((counts.at(-1) ?? 1) - (counts[0] ?? 1))
    const further = (last - middle) / ((counts.at(-1) ?? 1) - (counts[1] ?? 1))
    for (const [index, count] of counts.entries()) console.log(`memory with ${count} idle bots          ${mib(idle[index] ?? 0)}`)
    console.log(
      `each further idle bot             ${mib(each)}   goal ${mib(goalPerBot)} or less: ${each <= goalPerBot ? 'met' : 'missed'}`,
    )
    console.log(`each bot above the tenth          ${mib(further)}`)
    console.log(`pairing to online (p50)           ${median(pairings).toFixed(0)} ms`)

    for (const bots of [1, 20])
      console.log(`messages out, ${String(bots).padEnd(2)} bots             ${(await messagesOut(double, room, bots)).toFixed(0)} per s`)
    for (const bots of [1, 20])
      console.log(
        `messages in, ${String(bots).padEnd(2)} bots              ${(await messagesIn(double, room, bots)).toFixed(0)} per s, of one sender in the double's process`,
      )

    const before = double.connectedAt.length
    const cut = performance.now()
    double.dropAll()
    await room.ask('all-online')
    const back = double.connectedAt.slice(before).map((at) => at - cut)
    const busiest = Math.max(...back.map((at) => back.filter((other) => other >= at && other < at + 100).length))
    console.log(
      `50 bots cut off, all online after ${(performance.now() - cut).toFixed(0)} ms, busiest 100 ms: ${busiest} of ${back.length} connections`,
    )
    room = await killed(double, room, dataDir)
    console.log(`a blank page in Chromium, which a bot on whatsapp-web.js costs before WhatsApp Web is loaded: ${mib(await blankPage())}`)
  } finally {
    await room.stop()
    await double.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function messagesOut(double: WhatsAppDouble, room: Room, bots: number): Promise<number> {
  const contact = await connectContact(double, `155503000${String(bots).padStart(2, '0')}`)
  const each = Math.ceil(200 / bots)
  let heard = 0
  const all = new Promise<void>((resolve) =>
    contact.socket.ev.on('messages.upsert', ({ messages }) => {
      heard += messages.filter((message) => textOf(message) === 'bench').length
      if (heard >= each * bots) resolve()
    }),
  )
  const begun = performance.now()
  await room.ask('send', { bots, each, to: contact.number })
  await all
  const rate = (each * bots * 1_000) / (performance.now() - begun)
  await contact.stop()
  return rate
}

async function messagesIn(double: WhatsAppDouble, room: Room, bots: number): Promise<number> {
  const contact = await connectContact(double, `155504000${String(bots).padStart(2, '0')}`)
  const each = Math.ceil(200 / bots)
  // The first message to each agrees on keys, which is no part of a rate.
  for (let bot = 0; bot < bots; bot += 1) await write(contact, bot, 'hello')
  await room.ask('heard', { each: bots })
  const begun = performance.now()
  for (let index = 0; index < each * bots; index += 1) await write(contact, index % bots, 'bench')
  await room.ask('heard', { each: each * bots })
  const rate = (each * bots * 1_000) / (performance.now() - begun)
  await contact.stop()
  return rate
}

function numberOf(bot: number): string {
  return `1555020${String(bot).padStart(4, '0')}`
}

function write(contact: Contact, bot: number, text: string): Promise<unknown> {
  return contact.socket.sendMessage(`${numberOf(bot)}@s.whatsapp.net`, { text })
}

/** `kill -9` while messages go both ways: every bot is there again, and none asks for a copy of what it cannot decrypt. */
async function killed(double: WhatsAppDouble, room: Room, dataDir: string): Promise<Room> {
  const bots = 20
  const contact = await connectContact(double, '15550500001')
  for (let bot = 0; bot < bots; bot += 1) await write(contact, bot, 'hello')
  await room.ask('heard', { each: bots })
  await room.ask('send', { bots, each: 2, to: contact.number })
  const flow = (async () => {
    for (let index = 0; index < bots * 10; index += 1) await write(contact, index % bots, 'in the flow')
  })()
  await room.ask('heard', { each: bots })
  const begun = performance.now()
  await room.stop()
  const again = startRoom(double, dataDir)
  const { online, all } = (await again.ask('resumed')) as { online: number; all: number } // the room below answers so
  const back = performance.now() - begun
  await flow
  // What waited for them comes first; then each is written to once more.
  for (let bot = 0; bot < bots; bot += 1) await write(contact, bot, 'afterwards')
  await again.ask('heard-text', { bots, text: 'afterwards' })
  const retries = double
    .online()
    .reduce(
      (sum, device) =>
        sum + (device.connection?.received.filter(({ tag, attrs }) => tag === 'receipt' && attrs['type'] === 'retry').length ?? 0),
      0,
    )
  console.log(
    `kill -9 in the flow: ${online} of ${all} bots online again after ${back.toFixed(0)} ms, messages that could not be decrypted: ${retries}`,
  )
  await contact.stop()
  return again
}

async function blankPage(): Promise<number> {
  const browser = await launch({ executablePath: chromiumPath, args: ['--no-sandbox'] })
  try {
    await browser.newPage()
    const root = browser.process()?.pid ?? 0
    const pids = [root, ...descendants(root)]
    return pids.reduce((sum, pid) => sum + proportionalBytes(pid), 0)
  } finally {
    await browser.close()
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
