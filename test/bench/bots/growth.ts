/** What the room takes when there is much of everything: idle bots, reconnects, and a phone's whole history. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { proto } from 'baileys'
import { connectContact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'
import { connectPhone } from '../../fakes/whatsapp/phone.ts'
import { mib } from './memory.ts'
import { startRoom, type Room } from './room.ts'

const manyBots = 500
const goalPerBot = 0.6 * 1_048_576
const idleFor = 60
const rounds = 80
const historyMessages = 50_000
const goalDelay = 50

export async function growth(): Promise<void> {
  await idleBots()
  await reconnects()
  for (const keeps of [false, true]) await history(keeps)
}

async function withRoom(work: (double: WhatsAppDouble, room: Room, again: () => Promise<Room>) => Promise<void>): Promise<void> {
  const double = await WhatsAppDouble.start()
  const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-bench-'))
  let room = startRoom(double, dataDir)
  try {
    await work(double, room, async () => {
      await room.stop()
      room = startRoom(double, dataDir)
      return room
    })
  } finally {
    await room.stop()
    await double.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

const numberOf = (bot: number): string => `1555060${String(bot).padStart(4, '0')}`
// What the other process answers is what is asked of it here.
const bytes = async (room: Room): Promise<number> => ((await room.ask('memory')) as { bytes: number }).bytes
const cpu = async (room: Room): Promise<number> => ((await room.ask('cpu')) as { seconds: number }).seconds

async function link(double: WhatsAppDouble, room: Room, count: number): Promise<void> {
  for (let bot = 0; bot < count; bot += 1) {
    const { code } = (await room.ask('create', { userId: `bot_${bot}`, phoneNumber: numberOf(bot) })) as { code: string } // as above
    await double.enterCode(numberOf(bot), code)
    await room.ask('online', { userId: `bot_${bot}` })
  }
}

async function idleBots(): Promise<void> {
  await withRoom(async (double, first, again) => {
    await link(double, first, manyBots)
    await first.ask('stop-all')
    const room = await again()
    await room.ask('start', { bots: 1 })
    const one = await bytes(room)
    await room.ask('start', { bots: manyBots })
    const all = await bytes(room)
    const each = (all - one) / (manyBots - 1)
    console.log(`memory with 1 and ${manyBots} idle bots       ${mib(one)} and ${mib(all)}`)
    console.log(
      `each of them above the first      ${mib(each)}   goal ${mib(goalPerBot)} or less: ${each <= goalPerBot ? 'met' : 'missed'}`,
    )
    await room.ask('delay-from')
    const before = await cpu(room)
    await wait(idleFor * 1_000)
    const used = (await cpu(room)) - before
    const { p99, most } = (await room.ask('delay')) as { p99: number; most: number } // as above
    console.log(
      `${manyBots} idle bots for ${idleFor} s: ${((used / idleFor) * 100).toFixed(1)} % of one core, event loop delay p99 ${p99.toFixed(1)} ms, most ${most.toFixed(0)} ms`,
    )
  })
}

/**
 * What a connection takes beside the JavaScript heap goes back to the C library when V8 collects its objects, and that keeps it for the
 * next ones: it rises with the first rounds and not with the others. Told apart with `malloc_stats`: of 89 MB that the library held after
 * 42 rounds 20 were in use, and after `malloc_trim` the process was smaller than at first.
 */
async function reconnects(): Promise<void> {
  const bots = 8
  await withRoom(async (double, room) => {
    await link(double, room, bots)
    const start = await bytes(room)
    for (let round = 0; round < rounds / 2; round += 1) await room.ask('restart-all')
    const half = await bytes(room)
    for (let round = 0; round < rounds / 2; round += 1) await room.ask('restart-all')
    const end = await bytes(room)
    console.log(`${rounds} reconnects of ${bots} bots: ${mib(start)} at first, ${mib(half)} after half of them, ${mib(end)} after all`)
  })
}

/** One bot's phone hands over its history while eight others are written to. */
async function history(keeps: boolean): Promise<void> {
  const media = new MediaServer()
  const others = 8
  await withRoom(async (double, room) => {
    const phone = await connectPhone(double, media, numberOf(0))
    await link(double, room, others + 1)
    await room.ask('listen')
    if (keeps) await room.ask('change', { userId: 'bot_0', settings: { keepsLog: true, history: { days: 30, messages: historyMessages } } })
    const contact = await connectContact(double, '15550700001')
    for (let bot = 1; bot <= others; bot += 1) await contact.socket.sendMessage(`${numberOf(bot)}@s.whatsapp.net`, { text: 'hello' })
    await room.ask('heard', { each: others })
    await room.ask('delay-from')
    const begun = performance.now()
    const chunks = 10
    for (let chunk = 0; chunk < chunks; chunk += 1)
      await phone.sendHistory(
        {
          ...historyOf(chunk, historyMessages / chunks),
          chunkOrder: chunk + 1,
          progress: ((chunk + 1) * 100) / chunks,
        },
        { inline: true },
      )
    let written = 0
    while (performance.now() - begun < 20_000) {
      await contact.socket.sendMessage(`${numberOf((written % others) + 1)}@s.whatsapp.net`, { text: 'meanwhile' })
      written += 1
      await wait(50)
    }
    await room.ask('heard', { each: written })
    const { p99, most } = (await room.ask('delay')) as { p99: number; most: number } // as the other process answers
    const { chats } = (await room.ask('chats', { userId: 'bot_0' })) as { chats: number } // as above
    console.log(
      `a history of ${historyMessages} messages, ${keeps ? 'kept' : 'not wanted'}: event loop delay p99 ${p99.toFixed(1)} ms, most ${most.toFixed(0)} ms, ` +
        `${written} messages to ${others} others meanwhile; goal p99 below ${goalDelay} ms: ${p99 < goalDelay ? 'met' : 'missed'}; of its ${historyMessages / 100} chats in the log: ${chats}`,
    )
    await contact.stop()
    await phone.stop()
  })
}

/** 100 messages in each of its chats. */
export function historyOf(chunk: number, messages: number): proto.IHistorySync {
  const each = 100
  const newest = Math.floor(Date.now() / 1_000)
  return {
    syncType: chunk === 0 ? proto.HistorySync.HistorySyncType.INITIAL_BOOTSTRAP : proto.HistorySync.HistorySyncType.RECENT,
    conversations: Array.from({ length: messages / each }, (_, chat) => {
      const id = `1555${chunk}${String(chat).padStart(6, '0')}@s.whatsapp.net`
      return {
        id,
        messages: Array.from({ length: each }, (__, message) => ({
          message: {
            key: { remoteJid: id, fromMe: message % 3 === 0, id: `H${chunk}C${chat}M${message}` },
            messageTimestamp: newest - message * 60,
            message: { conversation: `An older message, the ${message}th of this chat, as long as people write them` },
          },
        })),
      }
    }),
  }
}
