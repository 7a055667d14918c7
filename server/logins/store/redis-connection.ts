/**
 * One Redis: a connection for commands, one that listens, and what is known of its state.
 *
 * Up is what has just been shown from end to end: that a write is taken, and that what one server says all hear. A replica, a full memory
 * or a node cut off from its cluster answers pings, and would look healthy while nothing can be ended.
 */
import { createSignal } from '../../async/signal.ts'
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Clock } from '../../clock.ts'
import { Fault } from '../../fault.ts'
import { LoginFault } from '../fault.ts'
import { parseRedisAddress } from '../../config/redis-address.ts'
import { within, type Scope } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import { createRedisClients, type RedisClient } from './redis-client.ts'
import { elsewhere, isOfRedis, refusals, textOf } from './redis-errors.ts'
import { probeScript } from './redis-scripts.ts'
import type { StoreState } from './session-store.ts'

export interface RedisConnection {
  readonly client: RedisClient
  /** Of all keys and channels. In a cluster its tag keeps them on one node, since what belongs together has to change together. */
  readonly prefix: string
  readonly password: string
  /** Runs commands; whatever goes wrong with Redis is `store-unavailable`, with what Redis said as its cause. */
  run<Result>(commands: (client: RedisClient) => Promise<Result>): Promise<Result>
  /** Runs a Lua script as one step. */
  script(text: string, ...values: readonly (string | number | Buffer)[]): Promise<unknown>
  /** A message of a channel below the prefix. */
  onMessage(channel: Channel, listener: (message: string) => void): () => void
  /** How many signing keys there are, every few seconds: what was emptied says nothing by itself. */
  onSigningKeys(listener: (count: number) => void): () => void
  /** Ms by which the clock of this machine is ahead of Redis'; null until that is known. */
  ahead(): number | null
  state(): StoreState
  onState(listener: () => void): () => void
  /** Resolves when connected, or after a moment without that. */
  start(): Promise<void>
  stop(): Promise<void>
}

type Channel = 'changed' | 'keys'

const notYet = 'not connected yet'
const probeEvery = 2_000
const listenAgainAfter = 500
export interface RedisConnectionGiven {
  url: string
  clock: Clock
  /** The machine's own wall clock, ms since the epoch: what is compared with Redis' is never a test's. */
  wallTime(): number
  /** Ms that a start waits for a Redis that is not there yet. */
  waitAtStart: number
  log: Pick<Log, 'warn' | 'info' | 'error'>
}

/** Throws `redis-address` for an address that is none. */
export async function connectRedis({ url, clock, wallTime, waitAtStart, log }: RedisConnectionGiven): Promise<RedisConnection> {
  const address = parseRedisAddress(url)
  if (address === null) throw new LoginFault('redis-address', 'This is no address of a Redis')
  const prefix = address.kind === 'cluster' ? '{wheelhouse:logins}:' : 'wheelhouse:logins:'
  const { client, listener } = await createRedisClients(address)
  const self = randomBytes(8).toString('hex')
  const aliveChannel = `${prefix}alive:${self}`

  const messages = { changed: createSignal<[string]>(report), keys: createSignal<[string]>(report) }
  const keyCounts = createSignal<[number]>(report)
  const states = createSignal(report)
  let current: StoreState = { up: false, error: notYet, since: clock.now() }
  /** What was last said of each connection; forgotten when it is there again. */
  const causes = { client: '', subscriber: '' }
  let subscriber = listener()
  let isListening = false
  let probe: { number: number; answered: boolean; echoed: boolean } | null = null
  let probes = 0
  let lastWarning = ''
  let ahead: number | null = null
  let stopped = false

  function report(error: unknown): void {
    log.error({ error: String(error) }, 'a listener to Redis failed')
  }

  function become(up: boolean, why = ''): void {
    if (stopped) return
    const error = why === '' ? 'the connection was lost' : why
    if (current.up === up && (current.up || current.error === error)) return
    const since = current.up ? clock.now() : current.since
    current = up ? { up } : { up, error, since }
    if (up) log.info({ address: address?.kind }, 'Redis is there and takes writes')
    else if (error !== notYet) log.warn({ error }, 'Redis cannot be used')
    states.emit()
  }

  function lost(): void {
    become(false, causes.client === '' ? causes.subscriber : causes.client)
  }

  /** What Redis says to a write it does not take. */
  function refused(error: Error): void {
    causes.client = textOf(error)
    if (elsewhere.test(error.message)) {
      giveUp(client)
      giveUp(subscriber)
    }
    lost()
  }

  function giveUp(each: RedisClient): void {
    if (stopped || each.status !== 'ready') return
    if (each === subscriber) isListening = false
    probe = null
    each.disconnect(true)
  }

  function ask(): void {
    if (client.status === 'end') void within(scope, () => client.connect().catch(() => undefined))
    if (client.status !== 'ready' || subscriber.status !== 'ready') return
    if (!isListening) return subscribe(subscriber)
    const before = probe
    // After what has arrived is read: it may be this process that was away.
    if (before !== null) setImmediate(() => before === probe && settle(before))
    else send()
  }

  function settle({ answered, echoed }: { answered: boolean; echoed: boolean }): void {
    if (!answered) {
      causes.client = 'it does not answer'
      giveUp(client)
    } else if (!echoed) {
      causes.subscriber = 'what is published does not arrive'
      giveUp(subscriber)
    }
    lost()
  }

  function send(): void {
    const own = { number: (probes += 1), answered: false, echoed: false }
    probe = own
    const asked = wallTime()
    script(probeScript, prefix, self, own.number).then(
      (found) => {
        own.answered = true
        const [count, time] = Array.isArray(found) ? found.map(Number) : []
        // Before anybody hears that it is up: from then on logins go by its time.
        if (time !== undefined) compare(asked, wallTime(), time)
        if (own === probe) proven()
        if (count !== undefined) keyCounts.emit(count)
      },
      (error: unknown) => {
        if (own !== probe) return
        probe = null
        causes.client = error instanceof Fault && error.cause instanceof Error ? textOf(error.cause) : String(error)
        lost()
      },
    )
  }

  /** The time of Redis was read at some moment between asking and the answer: only what lies outside of both is a difference. */
  function compare(asked: number, answered: number, time: number): void {
    const before = ahead
    ahead = time < asked ? asked - time : time > answered ? answered - time : 0
    if (isApart(before) !== isApart(ahead)) states.emit()
  }

  function proven(): void {
    if (probe === null || !probe.answered || !probe.echoed) return
    probe = null
    causes.client = ''
    causes.subscriber = ''
    lastWarning = ''
    become(true)
  }

  function subscribe(own: Redis): void {
    own.subscribe(`${prefix}changed`, `${prefix}keys`, aliveChannel).then(
      () => {
        if (own !== subscriber) return
        isListening = true
        if (probe === null) ask()
      },
      (error: Error) => {
        causes.subscriber = textOf(error)
        lost()
      },
    )
  }

  function onMessage(channel: string, message: string): void {
    if (channel === aliveChannel) {
      if (probe !== null && Number(message) === probe.number) {
        probe.echoed = true
        proven()
      }
    } else messages[channel === `${prefix}keys` ? 'keys' : 'changed'].emit(message)
  }

  /** What the library throws where nobody waits, e.g. at a reply that makes no sense to it, ends these connections and no more. */
  const scope: Scope = {
    room: 'logins',
    kind: 'store',
    id: 'redis',
    escaped(_, reason) {
      if (stopped) return
      causes.client = reason
      isListening = false
      probe = null
      for (const each of [client, subscriber]) each.disconnect(true)
      lost()
    },
  }

  function listen(): void {
    if (stopped) return
    const own = subscriber
    own.on('ready', () => subscribe(own))
    own.on('message', onMessage)
    own.on('error', (error: Error) => own === subscriber && (causes.subscriber = textOf(error)))
    own.on('close', () => {
      if (own !== subscriber) return
      isListening = false
      probe = null
      lost()
    })
    own.on('end', () => {
      if (stopped || own !== subscriber) return
      setTimeout(() => {
        if (stopped) return
        subscriber = listener()
        listen()
      }, listenAgainAfter).unref()
    })
    own.connect().catch(() => undefined)
  }

  client.on('ready', () => isListening && probe === null && ask())
  client.on('error', (error: Error) => (causes.client = textOf(error)))
  client.on('close', () => {
    probe = null
    lost()
  })
  let heartbeat: NodeJS.Timeout | undefined

  async function run<Result>(commands: (client: RedisClient) => Promise<Result>): Promise<Result> {
    try {
      return await commands(client)
    } catch (error) {
      if (!isOfRedis(error)) throw error
      if (refusals.test(error.message)) {
        refused(error)
        throw new LoginFault('store-unavailable', 'The session store takes no writes now', {}, { cause: error })
      }
      const reason = client.status === 'ready' || causes.client === '' ? textOf(error) : causes.client
      if (client.status === 'ready') warnOnce(reason)
      throw new LoginFault('store-unavailable', 'The session store cannot be reached', {}, { cause: new Error(reason, { cause: error }) })
    }
  }

  /** Each reason once until another comes: what goes wrong goes wrong with every request. */
  function warnOnce(reason: string): void {
    if (reason !== lastWarning) log.warn({ error: reason }, 'a command to Redis failed')
    lastWarning = reason
  }

  /** The key routes it to its node in a cluster; the scripts make all names from the prefix. */
  function script(text: string, ...values: readonly (string | number | Buffer)[]): Promise<unknown> {
    return run((to) => to.eval(text, 1, `${prefix}created`, ...values))
  }

  return {
    ...{ client, prefix, password: address.password, run, script },
    onMessage: (channel, listen) => messages[channel].subscribe(listen),
    onSigningKeys: keyCounts.subscribe,
    ahead: () => ahead,
    state: () => current,
    onState: states.subscribe,
    async start() {
      if (stopped) subscriber = listener()
      stopped = false
      within(scope, () => {
        client.connect().catch(() => undefined)
        listen()
      })
      heartbeat = setInterval(ask, probeEvery).unref()
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          unsubscribe()
          resolve()
        }
        const timer = setTimeout(done, waitAtStart)
        const unsubscribe = states.subscribe(() => current.up && done())
      })
    },
    async stop() {
      become(false, notYet)
      stopped = true
      clearInterval(heartbeat)
      client.disconnect()
      subscriber.disconnect()
    },
  }
}

/** Whether a difference is worth telling. */
export function isApart(ahead: number | null): boolean {
  return ahead !== null && Math.abs(ahead) > 10_000
}
