/** The brokers room on a real port, with real journal and SQLite, and quick password hashes; and clients to talk to it. */
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { Clock } from '../../server/clock.ts'
import { systemClock } from '../../server/clock.ts'
import type { TenantCounts } from '../../server/brokers/engine/types.ts'
import { createBrokersRoom, type BrokersGiven, type BrokersRoom } from '../../server/brokers/index.ts'
import { defaultSettings, type SettingsPatch } from '../../server/config/settings.ts'
import type { NewEvent } from '../../server/events/event.ts'
import { openAir } from '../../server/http/shelter.ts'
import { within, withinRoom, type Escape } from '../../server/isolation.ts'
import { fakeExposure } from './exposure.ts'
import { recordedEvents, settingsWith, temporaryFolder, testDatabase, testLog } from './kernel.ts'
import { serveApi } from './served-api.ts'
import { Egress } from '../../server/http/egress.ts'
import { createSealer } from '../../server/secrets/seal.ts'
import { patience } from '../fixtures/patience.ts'
import { ownerStanding } from '../../server/http/rights.ts'

const quick = (password: string): string => `quick$${createHash('sha256').update(password).digest('hex')}`
export const quickPasswords = {
  hash: (password: string) => Promise.resolve(quick(password)),
  check: (password: string, stored: string) => Promise.resolve(quick(password) === stored),
}

export interface BrokerHouse {
  url: string
  port: number
  room: BrokersRoom
  events: NewEvent[]
  /** What was kept to the connection it came from. */
  readonly escapes: readonly Escape[]
  /** No row fits into the database from now on, as on a full disk; returns what makes room again. */
  fillDatabase(): () => void
  /** Stops the room and starts it again, in place. */
  restart(): Promise<void>
  /** What the room had to log as an error, and what escaped in it. */
  readonly faults: readonly object[]
  /** One call of the API. */
  call(path: string, body?: unknown, method?: string): Promise<{ status: number; body: Record<string, unknown> }>
  /** Nothing in it is tried again but where `fields` say when: a machine may be busy for longer than the usual wait. */
  createSession(fields?: Record<string, unknown>): Promise<{ sessionName: string; password: string; secretKey: string }>
  stop(): Promise<void>
}

let names = 0

export async function openBrokers({
  dataDir = temporaryFolder(),
  clock = systemClock,
  settings = {},
  given = {},
}: { dataDir?: string; clock?: Clock; settings?: SettingsPatch; given?: BrokersGiven } = {}): Promise<BrokerHouse> {
  const events = recordedEvents()
  const database = testDatabase(join(dataDir, 'wheelhouse.db'))
  const log = testLog()
  const source = { ...settingsWith({ ...defaultSettings, ...settings }), onChange: () => () => undefined }
  const escapes: Escape[] = []
  /** As the keeper of the rooms has it: all that the room does, it does within its scope. */
  const inRoom = <Result>(work: () => Result): Result =>
    withinRoom(
      { room: 'brokers', kind: 'room', id: 'brokers', escaped: (error) => log.error({ error }, 'the room failed') },
      (escape) => void escapes.push(escape),
      work,
    )
  const room = inRoom(() =>
    createBrokersRoom(
      {
        dataDir,
        database,
        events,
        changed: () => undefined,
        egress: new Egress({ allowedRanges: () => [] }),
        sealer: createSealer(new Uint8Array(32)),
        settings: source,
        clock,
        log,
      },
      { passwords: quickPasswords, ...given },
    ),
  )
  await inRoom(() => room.start())
  const owner = { caller: { kind: 'owner' as const }, standing: ownerStanding, may: () => true, used: () => undefined }
  const served = await serveApi(await room.api.load(), {
    exposure: fakeExposure(),
    shelter: { ...openAir, enter: (scope, work) => inRoom(() => within(scope, work)) },
    authority: { byKey: (key) => (key === 'owner' ? owner : null), byCookie: () => null },
  })
  let stopped: Promise<void> | null = null
  const stop = (): Promise<void> =>
    (stopped ??= Promise.all([served.stop(), room.stop()])
      .then(() => database.close())
      .then(() => undefined))
  onTestFinished(stop)
  const call: BrokerHouse['call'] = async (path, body, method = body === undefined ? 'GET' : 'POST') => {
    const answer = await fetch(`${served.url}${path}`, {
      method,
      headers: { 'x-api-key': 'owner', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
  }
  return {
    url: served.url,
    port: served.port,
    room,
    events: events.emitted,
    escapes,
    fillDatabase() {
      database.pragma(`max_page_count = ${String(database.pragma('page_count', { simple: true }))}`)
      return () => void database.pragma('max_page_count = 1073741823')
    },
    restart: async () => {
      await inRoom(() => room.stop())
      await inRoom(() => room.start())
    },
    get faults() {
      return [...log.lines.filter(({ level }) => level === 'error'), ...escapes]
    },
    call,
    async createSession(fields = {}) {
      const { status, body } = await call('/api/createSession', {
        sessionName: `session-${(names += 1)}`,
        password: 'secure-password-123',
        retryInterval: 86_400_000,
        ...fields,
      })
      if (status !== 200) throw new Error(`not created: ${JSON.stringify(body)}`)
      return body as { sessionName: string; password: string; secretKey: string }
    },
    stop,
  }
}

/** What the engine counts of a session, the first where none is named. */
export function countsIn({ room: { service } }: Pick<BrokerHouse, 'room'>, sessionName = service.all()[0]?.name): TenantCounts | undefined {
  return sessionName === undefined ? undefined : service.engine.counts(service.byName(sessionName).id)
}

export type Json = Record<string, unknown>

/** A client as bare as can be: frames out, frames in, in order. */
export class FrameClient {
  readonly frames: Json[] = []
  readonly chunks: Buffer[] = []
  closed: { code: number; reason: string } | null = null
  readonly socket: WebSocket
  #read = 0
  #wake: () => void = () => undefined

  constructor(url: string, protocols: string[] = []) {
    this.socket = new WebSocket(url.replace(/^http/, 'ws'), protocols)
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.chunks.push(data)
      else this.frames.push(JSON.parse(data.toString('utf8')) as Json)
      this.#wake()
    })
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString('utf8') }
      this.#wake()
    })
    this.socket.on('error', () => undefined)
  }

  static async open(url: string): Promise<FrameClient> {
    const client = new FrameClient(url)
    onTestFinished(() => client.socket.terminate())
    await once(client.socket, 'open')
    return client
  }

  /** Logged in to the session. */
  static async join(
    url: string,
    { sessionName, password }: { sessionName: string; password: string },
    userId?: string,
  ): Promise<FrameClient> {
    const client = await FrameClient.open(url)
    client.send({ type: 'init', sessionName, password, ...(userId === undefined ? {} : { userId }) })
    const answer = await client.next('init_response')
    if (answer['success'] !== true) throw new Error(String(answer['error']))
    return client
  }

  send(frame: Json | Buffer | string): void {
    this.socket.send(Buffer.isBuffer(frame) || typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  publish(topic: string, messageId: string, data = 'aXY=:ZGF0YQ=='): void {
    this.send({ type: 'publish', topic, data, hash: 'hash', timestamp: 1_700_000_000_000, messageId })
  }

  async subscribe(topic: string): Promise<void> {
    this.send({ type: 'subscribe', topic })
    await this.next('subscribe_response')
  }

  ack(topic: string, messageId: unknown): void {
    this.send({ type: 'ack', topic, messageId })
  }

  /** The next frame, or the next of a type; what came before it is passed over. */
  async next(type?: string, within = patience): Promise<Json> {
    return this.wait(`a frame ${type ?? ''}`, within, () => {
      while (this.#read < this.frames.length) {
        const frame = this.frames[this.#read]
        this.#read += 1
        if (frame !== undefined && (type === undefined || frame['type'] === type)) return frame
      }
      return null
    })
  }

  async ended(within = patience): Promise<{ code: number; reason: string }> {
    return this.wait('the end of the connection', within, () => this.closed)
  }

  ofType(type: string): Json[] {
    return this.frames.filter((frame) => frame['type'] === type)
  }

  wait<Value>(what: string, within: number, look: () => Value | null): Promise<Value> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () =>
          reject(
            new Error(`not within ${within} ms: ${what}; got ${JSON.stringify(this.frames.slice(-3))} ${JSON.stringify(this.closed)}`),
          ),
        within,
      )
      const check = (): void => {
        const found = look()
        if (found === null) return
        clearTimeout(late)
        this.#wake = () => undefined
        resolve(found)
      }
      this.#wake = check
      check()
    })
  }
}
