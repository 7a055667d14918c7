/** One Redis: a connection for commands, one that listens, and what is known of its state. */
import type { Redis } from 'ioredis'
import type { Clock } from '../clock.ts'
import { Fault } from '../fault.ts'
import type { Log } from '../log.ts'
import { createSignal, type StoreState } from './session-store.ts'

export interface RedisConnection {
  readonly client: Redis
  /** Runs commands; whatever goes wrong with Redis is `store-unavailable`. */
  run<Result>(commands: (client: Redis) => Promise<Result>): Promise<Result>
  /** A message of a channel below the prefix. */
  onMessage(channel: 'changed' | 'keys', listener: (message: string) => void): () => void
  state(): StoreState
  onState(listener: () => void): () => void
  /** Resolves when connected, or after a moment without that. */
  start(): Promise<void>
  stop(): Promise<void>
}

export const redisPrefix = 'wheelhouse:logins:'

/** A start must not wait for a Redis that is away. */
const waitAtStart = 1_000
/** A Redis that hangs, or a network that swallows, closes no connection: both are asked for a sign of life, and given up when the one before is still out. */
const heartbeatEvery = 2_000

/** The client is loaded here and not with the room: most houses have no Redis and need not pay for it. */
export async function connectRedis({ url, clock, log }: { url: string; clock: Clock; log: Pick<Log, 'warn' | 'info' | 'error'> }): Promise<RedisConnection> {
  const library = await import('ioredis')
  const options = {
    lazyConnect: true,
    // A request gets its refusal at once; it is not kept for a Redis that may never come back.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    retryStrategy: (attempt: number) => Math.min(100 * attempt, 2_000),
    enableAutoPipelining: true,
  }
  const client = new library.Redis(url, options)
  const ear = new library.Redis(url, { ...options, enableAutoPipelining: false, autoResubscribe: false })
  const messages = { changed: createSignal<string>(report), keys: createSignal<string>(report) }
  const states = createSignal<void>(report)
  let current: StoreState = { up: false, error: 'not connected yet', since: clock.now() }
  let lastError = ''
  let listening = false

  function report(error: unknown): void {
    log.error({ error: String(error) }, 'a listener to Redis failed')
  }

  function become(): void {
    const up = client.status === 'ready' && listening
    if (up === current.up) return
    current = up ? { up } : { up, error: lastError === '' ? 'the connection was lost' : lastError, since: clock.now() }
    if (up) log.info({}, 'Redis is connected')
    else log.warn({ error: lastError }, 'Redis cannot be reached')
    states.tell()
  }

  const silent = new Set<Redis>()
  function askForLife(each: Redis): void {
    if (each.status !== 'ready') return
    if (silent.has(each)) {
      // After what has arrived is read: it may be this process that was away.
      setImmediate(() => silent.has(each) && giveUp(each))
      return
    }
    silent.add(each)
    void each.ping().then(() => silent.delete(each), () => undefined)
  }
  function giveUp(each: Redis): void {
    lastError = 'it does not answer'
    silent.delete(each)
    each.disconnect(true)
  }
  let heartbeat: NodeJS.Timeout | undefined

  client.on('ready', become)
  ear.on('ready', () => {
    // Both channels, before the state says up: an ending between the two would be missed.
    void ear.subscribe(`${redisPrefix}changed`, `${redisPrefix}keys`).then(
      () => {
        listening = true
        become()
      },
      () => undefined,
    )
  })
  ear.on('message', (channel: string, message: string) => messages[channel === `${redisPrefix}keys` ? 'keys' : 'changed'].tell(message))
  for (const each of [client, ear]) {
    each.on('error', (error: Error) => (lastError = error.message))
    each.on('close', () => {
      if (each === ear) listening = false
      silent.delete(each)
      become()
    })
  }

  return {
    client,
    async run(commands) {
      try {
        return await commands(client)
      } catch (error) {
        if (error instanceof Fault) throw error
        throw new Fault('store-unavailable', 'The session store cannot be reached', {}, { cause: error })
      }
    },
    onMessage: (channel, listener) => messages[channel].subscribe(listener),
    state: () => current,
    onState: states.subscribe,
    async start() {
      for (const each of [client, ear]) each.connect().catch(() => undefined)
      heartbeat = setInterval(() => [client, ear].forEach(askForLife), heartbeatEvery).unref()
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          unsubscribe()
          resolve()
        }
        const timer = setTimeout(done, waitAtStart)
        const unsubscribe = states.subscribe(done)
      })
    },
    async stop() {
      clearInterval(heartbeat)
      client.disconnect()
      ear.disconnect()
    },
  }
}
