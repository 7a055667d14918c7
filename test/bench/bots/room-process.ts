/** The other process of the bots' benchmark: the real room, which does what the first one asks over the channel. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createSealer } from '../../../server/secrets/seal.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import type { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { residentBytes } from './memory.ts'

// Whoever asked is gone.
process.on('disconnect', () => process.exit())

const { BENCH_DOUBLE: url = '', BENCH_DIR: dataDir = '' } = process.env
// Only its address is asked for; it lives in the other process.
const bots: ServedBots = await serveBots({ dataDir, double: { url } as WhatsAppDouble, sealer: createSealer(Buffer.alloc(32, 7)) })
bots.context.change({ bots: { pause: 0, dailyCap: 100_000 } })
const service = bots.room.service
const turn = 10
const delay = monitorEventLoopDelay({ resolution: turn })
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
  (asked: {
    what: string
    userId?: string
    phoneNumber?: string
    bots?: number
    each?: number
    to?: string
    text?: string
    settings?: object
  }) => void answer(asked).then((reply) => process.send?.(reply)),
)

async function answer({
  what,
  userId = '',
  phoneNumber = '',
  bots: count = 0,
  each = 0,
  to = '',
  text = '',
  settings = {},
}: {
  what: string
  userId?: string
  phoneNumber?: string
  bots?: number
  each?: number
  to?: string
  text?: string
  settings?: object
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
    case 'restart-all':
      for (const bot of service.list()) await bot.restart()
      await Promise.all(service.list().map((bot) => bot.settled(60_000, () => bot.state === 'online')))
      return {}
    case 'change':
      return { status: (await bots.call('PATCH', `/v1/bots/${userId}`, settings)).status }
    case 'listen':
      for (const { row } of service.list()) listenTo(row.userId)
      return {}
    case 'cpu':
      return { seconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6 }
    case 'delay-from':
      delay.reset()
      delay.enable()
      return {}
    case 'delay':
      delay.disable()
      // Of the loop's own turns of 10 ms what is above them.
      return { p99: Math.max(0, delay.percentile(99) / 1e6 - turn), most: Math.max(0, delay.max / 1e6 - turn) }
    case 'chats': {
      let chats = 0
      for (let before = ''; ;) {
        const page = (await bots.call('GET', `/api/sessions/${userId}/chats?limit=200${before}`)).body
        chats += page.chats.length
        if (page.next === null) return { chats }
        before = `&before=${page.next}`
      }
    }
    case 'all-online':
      await Promise.all(service.list().map((bot) => bot.settled(1_000, () => bot.state === 'reconnecting')))
      await Promise.all(service.list().map((bot) => bot.settled(90_000, () => bot.state === 'online')))
      return {}
    default:
      return {}
  }
}
