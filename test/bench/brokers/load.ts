/** A run of load in a process of its own, so that its CPU is not the server's: reads its task as JSON, prints its result as JSON. */
import { Line, type Protocol } from './line.ts'

export interface Load {
  protocol: Protocol
  port: number
  user: string
  password: string
  subscribers: number
  /** Messages under way at once. */
  window: number
  /** Bytes of payload. */
  size: number
  seconds: number
  /** Subscribers that stop reading after login. */
  frozen?: number
  prefix?: string
}

export interface LoadResult {
  /** Publishes confirmed, or for NATS delivered, per second. */
  messages: number
  deliveries: number
  ackP50: number
  ackP99: number
  deliveryP50: number
  deliveryP99: number
  published: number
  received: number
}

/** NATS core confirms nothing: there the window moves on with deliveries. */
export async function runLoad(
  { protocol, port, user, password, subscribers, window, size, seconds, frozen = 0, prefix = 'c' }: Load,
  onWarm: () => void = () => undefined,
): Promise<LoadResult> {
  const topic = 'bench/t'
  const filler = 'x'.repeat(Math.max(0, size - 10))
  const sentAt = new Float64Array(1 << 20)
  const slot = (token: number): number => token & (sentAt.length - 1)
  const ackTimes: number[] = []
  const deliveryTimes: number[] = []
  let acked = 0
  let received = 0
  let next = 0
  let measuring = false
  let stopped = false
  const base = { protocol, port, user, password }
  const isUnconfirmed = protocol === 'nats'
  const sendMore = (): void => {
    const done = isUnconfirmed ? received / subscribers : acked
    while (!stopped && next - done < window) {
      sentAt[slot(next)] = performance.now()
      publisher.publish(topic, next, filler)
      next += 1
    }
  }
  const readers: Line[] = []
  for (let n = 0; n < subscribers + frozen; n += 1) {
    const isFrozen = n >= subscribers
    const line = new Line({
      ...base,
      clientId: `${prefix}-sub-${n}`,
      onAck: () => undefined,
      onMessage(token) {
        received += 1
        if (measuring && received % 16 === 0) deliveryTimes.push(performance.now() - (sentAt[slot(token)] ?? 0))
        if (isUnconfirmed) sendMore()
      },
    })
    readers.push(line)
    await line.ready()
    await line.subscribe(topic)
    if (isFrozen) line.socket.pause()
  }
  const publisher = new Line({
    ...base,
    clientId: `${prefix}-pub`,
    onMessage: () => undefined,
    onAck(token) {
      acked += 1
      if (measuring && acked % 4 === 0) ackTimes.push(performance.now() - (sentAt[slot(token)] ?? 0))
      sendMore()
    },
  })
  await publisher.ready()
  sendMore()
  await pause(700)
  measuring = true
  onWarm()
  const before = { acked, received, at: performance.now() }
  await pause(seconds * 1_000)
  const passed = (performance.now() - before.at) / 1_000
  const counted = { acked: acked - before.acked, received: received - before.received }
  measuring = false
  stopped = true
  await pause(300)
  for (const line of [...readers, publisher]) line.end()
  return {
    messages: (isUnconfirmed ? counted.received / subscribers : counted.acked) / passed,
    deliveries: counted.received / passed,
    ackP50: percentile(ackTimes, 50),
    ackP99: percentile(ackTimes, 99),
    deliveryP50: percentile(deliveryTimes, 50),
    deliveryP99: percentile(deliveryTimes, 99),
    published: isUnconfirmed ? next : acked,
    received,
  }
}

export function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? NaN
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

if (process.argv[2] !== undefined && process.argv[1]?.endsWith('load.ts') === true) {
  const result = await runLoad(JSON.parse(process.argv[2]) as Load, () => process.stdout.write('warm\n'))
  process.stdout.write(`${JSON.stringify(result)}\n`)
  process.exit(0)
}
