/** The bots room served over HTTP, on the protocol double: the library is the real one. */
import type { Clock } from '../../server/clock.ts'
import { createBotsRoom, type BotsGiven, type BotsRoom } from '../../server/bots/index.ts'
import { createRoomContext, type TestContext } from './room-context.ts'
import { serveApi } from './served-api.ts'
import { WhatsAppDouble } from './whatsapp/double.ts'
import { ownerStanding } from '../../server/http/rights.ts'
import { patience } from '../fixtures/patience.ts'

export interface ServedBots {
  url: string
  room: BotsRoom
  double: WhatsAppDouble
  context: TestContext
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  /** A bot that is linked and online. */
  linked(userId: string, phoneNumber?: string): Promise<void>
  state(userId: string): string | undefined
  stop(): Promise<void>
}

export interface Reply {
  status: number
  headers: Headers
  // Tests look into answers by name and fail by their own expectations.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
}

export interface ServeBotsOptions extends BotsGiven {
  clock?: Clock
  dataDir?: string
  /** Another room's double, whose phones know its bots. */
  double?: WhatsAppDouble
  sealer?: TestContext['sealer']
}

export const botsKey = 'a-key-for-tests'

export async function serveBots({ clock, dataDir, double: given, sealer, timing, ...more }: ServeBotsOptions = {}): Promise<ServedBots> {
  const made = createRoomContext({ ...(clock === undefined ? {} : { clock }), ...(dataDir === undefined ? {} : { dataDir }) })
  const context = sealer === undefined ? made : { ...made, sealer }
  const double = given ?? (await WhatsAppDouble.start())
  // How long the room waits for WhatsApp is what few tests mean.
  const unhurried = { patience: { code: patience, unlink: patience }, ...timing }
  const room = createBotsRoom(context, {
    whatsappUrl: double.url,
    timing: unhurried,
    keepVersion: (whatsappVersion) => context.change({ bots: { whatsappVersion } }),
    ...more,
  })
  await room.start()
  const served = await serveApi(await room.api.load(), {
    authority: {
      byKey: (secret) =>
        secret === botsKey ? { caller: { kind: 'owner' }, standing: ownerStanding, may: () => true, used: () => {} } : null,
      byCookie: () => null,
    },
  })
  const call: ServedBots['call'] = async (method, path, body, headers = {}) => {
    const response = await fetch(served.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(path.startsWith('/v1/') ? { 'x-api-key': botsKey } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const isJson = response.headers.get('content-type')?.includes('json') === true
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? await response.json() : Buffer.from(await response.arrayBuffer()),
    }
  }
  const state = (userId: string): string | undefined => room.service.find(userId)?.state
  return {
    url: served.url,
    room,
    double,
    context,
    call,
    state,
    async linked(userId, phoneNumber = userId.replace(/\D/g, '')) {
      const { bot, code } = await room.service.create({ userId, phoneNumber }, 'owner')
      const outcome = await double.enterCode(phoneNumber, code)
      await bot.settled(patience, () => bot.state === 'online')
      if (outcome !== 'linked' || bot.state !== 'online') throw new Error(`not linked: ${outcome}, ${bot.state}, ${bot.row.reason}`)
    },
    async stop() {
      await served.stop()
      await room.stop()
      if (given === undefined) await double.stop()
      context.dispose()
    },
  }
}
