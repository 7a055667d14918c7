/**
 * `npm run bench -- bots`: what a bot costs and how quick it is, through the protocol double on this machine. The double runs in a
 * process of its own, so that its work is not counted as the bots'.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launch } from 'puppeteer-core'
import { createSealer } from '../../server/secrets/seal.ts'
import { connectContact, textOf, type Contact } from '../fakes/whatsapp/contact.ts'
import { serveBots, type ServedBots } from '../fakes/served-bots.ts'
import { WhatsAppDouble } from '../fakes/whatsapp/double.ts'
import { chromiumPath } from '../fixtures/chromium.ts'

const counts = [1, 10, 50]
const goalPerBot = 1_048_576

if (process.argv[2] === 'room') await runRoom()
else await main()

async function main(): Promise<void> {
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

interface Room {
  ask(what: string, facts?: object): Promise<unknown>
  stop(): Promise<void>
}

function startRoom(double: WhatsAppDouble, dataDir: string): Room {
  const child: ChildProcess = fork(import.meta.filename, ['room'], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, BENCH_DOUBLE: double.url, BENCH_DIR: dataDir },
  })
  return {
    ask: (what, facts = {}) =>
      new Promise((resolve, reject) => {
        const ended = (code: number | null): void => reject(new Error(`the room ended with ${code}`))
        child.once('exit', ended)
        child.once('message', (answer: unknown) => {
          child.off('exit', ended)
          resolve(answer)
        })
        child.send({ what, ...facts })
      }),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** The other process: the real room, asked over its channel. */
async function runRoom(): Promise<void> {
  const { BENCH_DOUBLE: url = '', BENCH_DIR: dataDir = '' } = process.env
  // Only its address is asked for; it lives in the other process.
  const bots: ServedBots = await serveBots({ dataDir, double: { url } as WhatsAppDouble, sealer: createSealer(Buffer.alloc(32, 7)) })
  bots.context.change({ bots: { pause: 0, dailyCap: 100_000 } })
  const service = bots.room.service
  let heard = 0
  const heardText = new Map<string, number>()
  const looks = new Set<() => void>()
  for (const { row } of service.list()) listenTo(row.userId)
  function listenTo(userId: string): void {
    bots.room.messages.subscribe(userId, (event) => {
      if (event.type !== 'message' || event.message.fromMe) return
      heard += 1
      heardText.set(event.message.text, (heardText.get(event.message.text) ?? 0) + 1)
      for (const look of looks) look()
    })
  }
  function until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return
        looks.delete(look)
        resolve()
      }
      looks.add(look)
      look()
    })
  }
  process.on(
    'message',
    (asked: { what: string; userId?: string; phoneNumber?: string; bots?: number; each?: number; to?: string; text?: string }) =>
      void answer(asked).then((reply) => process.send?.(reply)),
  )

  async function answer({
    what,
    userId = '',
    phoneNumber = '',
    bots: count = 0,
    each = 0,
    to = '',
    text = '',
  }: {
    what: string
    userId?: string
    phoneNumber?: string
    bots?: number
    each?: number
    to?: string
    text?: string
  }): Promise<object> {
    switch (what) {
      case 'create':
        return { code: (await service.create({ userId, phoneNumber }, 'owner')).code }
      case 'online': {
        const bot = service.get(userId)
        await bot.settled(20_000, () => bot.state === 'online')
        return {}
      }
      case 'memory':
        // What the pairing left behind goes first; an idle bot has long forgotten it.
        await new Promise((resolve) => setTimeout(resolve, 1_500))
        // The last resort of V8 gives back the pages that short-lived objects passed through, which are a cost of activity and not of a
        // bot.
        for (let round = 0; round < 4; round += 1) await globalThis.gc?.({ type: 'major', execution: 'async', flavor: 'last-resort' })
        await new Promise((resolve) => setTimeout(resolve, 500))
        return { bytes: residentBytes(process.pid) }
      case 'heard':
        await until(() => heard >= each)
        heard -= each
        return {}
      case 'heard-text':
        await until(() => (heardText.get(text) ?? 0) >= count)
        return {}
      case 'resumed': {
        const wanted = service.list().filter(({ row }) => row.wanted)
        await Promise.all(wanted.map((bot) => bot.settled(90_000, () => bot.state === 'online')))
        return { online: service.list().filter(({ state }) => state === 'online').length, all: wanted.length }
      }
      case 'stop-all':
        await Promise.all(service.list().map((bot) => bot.stop()))
        return {}
      case 'start': {
        const started = service.list().slice(0, count)
        await Promise.all(started.map((bot) => bot.start()))
        await Promise.all(started.map((bot) => bot.settled(60_000, () => bot.state === 'online')))
        return {}
      }
      case 'send':
        for (let index = 0; index < count * each; index += 1)
          await bots.call('POST', `/api/sessions/bot_${index % count}/messages`, { to, type: 'text', text: 'bench' })
        return {}
      case 'all-online':
        await Promise.all(service.list().map((bot) => bot.settled(1_000, () => bot.state === 'reconnecting')))
        await Promise.all(service.list().map((bot) => bot.settled(90_000, () => bot.state === 'online')))
        return {}
      default:
        return {}
    }
  }
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

function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  return children.flatMap((child) => [child, ...descendants(child)])
}

function residentBytes(pid: number): number {
  return kilobytes(`/proc/${pid}/status`, 'VmRSS')
}

/** Shared pages counted by their share. */
function proportionalBytes(pid: number): number {
  try {
    return kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss')
  } catch {
    return 0
  }
}

function kilobytes(file: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0) * 1_024
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function mib(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`
}
