/**
 * Random histories of publishing, acknowledging, leaving, coming back, waiting and crashing, on the real journal, against a model
 * that knows nothing but the promises: accepted means that each subscriber acknowledged it, still waits for it, or has it as a dead letter.
 */
import fc from 'fast-check'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Attachment } from '../../../server/brokers/engine/embedded/attachment.ts'
import type { EmbeddedEngine } from '../../../server/brokers/engine/embedded/embedded-engine.ts'
import type { Tenant } from '../../../server/brokers/engine/embedded/model.ts'
import { defaultPolicy, type Policy } from '../../../server/brokers/policy.ts'
import { addTenant, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { temporaryFolder, testClock, type TestClock } from '../../fakes/kernel.ts'

const policy = {
  ...defaultPolicy,
  retryInterval: 1_000,
  maxRetryLimit: 3,
  messageExpiryTime: 10_000,
  maxQueuedMessages: 6,
  keepAwayFor: null,
  maxInFlight: 4,
}
const topics = ['a', 'b', 'c/d']
const names = ['ann', 'bob', 'cid']

type Step =
  | { do: 'publish'; from: number; topic: number; repeat: boolean }
  | { do: 'subscribe' | 'unsubscribe'; who: number; topic: number }
  | { do: 'ack'; who: number; which: number }
  | { do: 'connect' | 'disconnect' | 'freeze' | 'thaw'; who: number }
  | { do: 'wait'; ms: number }
  | { do: 'settle' | 'crash' | 'restart' | 'replay' }

const who = fc.nat(names.length - 1)
const topic = fc.nat(topics.length - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('publish' as const), from: who, topic, repeat: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('subscribe' as const), who, topic }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unsubscribe' as const), who, topic }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('ack' as const), who, which: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('connect' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('disconnect' as const, 'freeze' as const, 'thaw' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4_000 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'restart' as const, 'replay' as const) }) },
)

/** What must be true, kept apart from everything the engine keeps. */
interface Expectation {
  id: string
  topic: string
  publisher: string
  publishedAt: number
  /** Who was subscribed when it was published, the publisher left out. */
  audience: Set<string>
  accepted: boolean
  acknowledged: Set<string>
}

class World {
  readonly clock: TestClock = testClock()
  folder: string
  engine: EmbeddedEngine
  tenant: Tenant
  other: Tenant
  readonly clients = new Map<string, FakeClient>()
  readonly places = new Map<string, Attachment>()
  readonly subscribed = new Map<string, Set<string>>(names.map((name) => [name, new Set()]))
  readonly published: Expectation[] = []
  readonly bystander = new FakeClient('bystander')
  #receiptsRead = new Map<FakeClient, number>()

  readonly #overflow: Policy['overflow']

  constructor(folder: string, overflow: Policy['overflow']) {
    this.#overflow = overflow
    this.folder = join(folder, 'brokers')
    ;[this.engine, this.tenant, this.other] = this.#open()
  }

  #open(): [EmbeddedEngine, Tenant, Tenant] {
    const engine = newEngine({ folder: this.folder, clock: this.clock, segmentBytes: 2_000 })
    return [
      engine,
      addTenant(engine, { policy: { ...policy, overflow: this.#overflow } }),
      addTenant(engine, { id: 2, name: 'other', policy }),
    ]
  }

  async begin(): Promise<void> {
    await this.engine.start()
    // In another session, on every topic: whatever it hears is a leak.
    const place = await this.engine.attach(this.other.id, this.bystander, { key: 'user:ann', durable: true, keepFor: null })
    await place.subscribe([subscriptionTo('#')])
  }

  client(name: string): FakeClient | undefined {
    return this.clients.get(name)
  }

  async connect(name: string): Promise<void> {
    if (this.clients.has(name)) return
    const client = new FakeClient(name, () => this.clock.monotonic())
    const place = await client.attachTo(this.engine, this.tenant.id)
    this.clients.set(name, client)
    this.places.set(name, place)
    place.resume()
    await this.engine.parts.recorder.stored()
  }

  disconnect(name: string): void {
    const place = this.places.get(name)
    if (!this.clients.has(name) || place === undefined) return
    this.readReceipts()
    this.clients.delete(name)
    place.detach()
  }

  /** The process dies: nothing that was not on the disk is there any more. */
  async crash(clean: boolean): Promise<void> {
    this.readReceipts()
    if (!clean) {
      // As the disk is at this very moment: what gathers in memory is lost, and nobody hears of it any more.
      const before = this.folder
      this.folder = `${before}x`
      cpSync(before, this.folder, { recursive: true })
      for (const client of this.clients.values()) client.accepted = () => undefined
    }
    await this.engine.stop()
    this.readReceipts()
    this.clients.clear()
    this.places.clear()
    ;[this.engine, this.tenant, this.other] = this.#open()
    await this.begin()
    for (const name of names) if ((this.subscribed.get(name)?.size ?? 0) > 0) await this.connect(name)
  }

  readReceipts(): void {
    for (const client of this.clients.values()) {
      for (const { token, refusal } of client.receipts.slice(this.#receiptsRead.get(client) ?? 0)) {
        const expectation = this.published.find(({ id }) => id === token)
        if (refusal === null && expectation !== undefined) expectation.accepted = true
      }
      this.#receiptsRead.set(client, client.receipts.length)
    }
  }

  check(): void {
    this.readReceipts()
    expect(this.bystander.received, 'nothing crosses from one session into another').toEqual([])
    expect(this.other.deadLetters.size).toBe(0)
    const waiting = new Map(
      [...this.tenant.subscribers.values()].map((subscriber) => [
        subscriber.key,
        new Set([...subscriber.unacked.values()].map(({ message }) => message.id)),
      ]),
    )
    const dead = new Set([...this.tenant.deadLetters.values()].map(({ subscriberKey, message }) => `${subscriberKey} ${message.id}`))
    for (const { id, accepted, audience, acknowledged } of this.published) {
      if (!accepted) continue
      for (const name of audience) {
        const key = `user:${name}`
        const isSomewhere = acknowledged.has(name) || waiting.get(key)?.has(id) === true || dead.has(`${key} ${id}`)
        expect(isSomewhere, `${id} for ${name} is acknowledged, waiting or dead`).toBe(true)
      }
    }
    for (const [name, client] of this.clients) {
      for (const { id, tries, at } of client.received) {
        const expectation = this.published.find((each) => each.id === id)
        expect(expectation?.audience.has(name), `${name} may get ${id}`).toBe(true)
        if (expectation !== undefined && !this.replayed.has(id))
          expect(at - expectation.publishedAt, 'never sent after it expired').toBeLessThan(policy.messageExpiryTime)
        expect(tries, 'never sent more often than allowed').toBeLessThanOrEqual(policy.maxRetryLimit + 1)
      }
    }
    // What is counted is what is there.
    const unacked = [...this.tenant.subscribers.values()].reduce((sum, subscriber) => sum + subscriber.unacked.size, 0)
    expect(this.tenant.queued).toBe(unacked)
    for (const subscriber of this.tenant.subscribers.values()) {
      expect(subscriber.unacked.size).toBeLessThanOrEqual(policy.maxQueuedMessages)
      expect(subscriber.inFlight).toBe([...subscriber.unacked.values()].filter(({ state }) => state === 'sent').length)
      expect(subscriber.inFlight).toBeLessThanOrEqual(policy.maxInFlight)
    }
    const bytes = [...this.engine.parts.store.messages.values()].reduce((sum, { body }) => sum + body.length, 0)
    expect(this.tenant.storedBytes + this.other.storedBytes).toBe(bytes)
  }

  readonly replayed = new Set<string>()
}

let counter = 0

async function run(world: World, { ...action }: Step): Promise<void> {
  const { engine, tenant } = world
  switch (action.do) {
    case 'publish': {
      // One that nobody listened to is not kept, so only others are told apart from their repetition for certain.
      const last = world.published.at(-1)
      const again = action.repeat && last?.accepted === true && last.audience.size > 0 ? last : null
      const name = again?.publisher ?? names[action.from] ?? ''
      const client = world.client(name)
      if (client === undefined) return
      const topicName = again?.topic ?? topics[action.topic] ?? ''
      const id = again?.id ?? `m${(counter += 1)}`
      const audience = new Set(names.filter((each) => each !== name && world.subscribed.get(each)?.has(topicName) === true))
      if (again === null)
        world.published.push({
          id,
          topic: topicName,
          publisher: name,
          publishedAt: world.clock.monotonic(),
          audience,
          accepted: false,
          acknowledged: new Set(),
        })
      engine.publish(tenant.id, publicationOf({ topic: topicName, id, publisher: name }), client)
      return
    }
    case 'subscribe': {
      const name = names[action.who] ?? ''
      const topicName = topics[action.topic] ?? ''
      const place = world.places.get(name)
      if (place === undefined || world.client(name) === undefined) return
      await place.subscribe([subscriptionTo(topicName)])
      world.subscribed.get(name)?.add(topicName)
      await engine.parts.recorder.stored()
      return
    }
    case 'unsubscribe': {
      const name = names[action.who] ?? ''
      const place = world.places.get(name)
      if (place === undefined || world.client(name) === undefined) return
      await place.unsubscribe([topics[action.topic] ?? ''])
      world.subscribed.get(name)?.delete(topics[action.topic] ?? '')
      await engine.parts.recorder.stored()
      return
    }
    case 'ack': {
      const name = names[action.who] ?? ''
      const place = world.places.get(name)
      const got = world.client(name)?.received.at(-1 - action.which)
      if (place === undefined || got === undefined) return
      world.published.find(({ id }) => id === got.id)?.acknowledged.add(name)
      place.acknowledge(got.id)
      return
    }
    case 'connect':
      return world.connect(names[action.who] ?? '')
    case 'disconnect':
      return world.disconnect(names[action.who] ?? '')
    case 'freeze':
    case 'thaw': {
      const name = names[action.who] ?? ''
      const client = world.client(name)
      const place = world.places.get(name)
      if (client === undefined || place === undefined) return
      client.room = action.do === 'thaw'
      place.resume()
      return
    }
    case 'wait':
      world.clock.advance(action.ms)
      engine.runDue()
      return
    case 'settle':
      await engine.parts.recorder.stored()
      return
    case 'replay':
      for (const letter of [...tenant.deadLetters.values()].slice(0, 2)) {
        const name = letter.subscriberKey.slice('user:'.length)
        if (tenant.subscribers.has(letter.subscriberKey) && names.includes(name)) {
          const before = tenant.deadLetters.size
          world.replayed.add(letter.message.id)
          // A full queue keeps its bound, and the letter stays what it is.
          const { kept } = await engine.replay(tenant.id, { ids: [letter.id] })
          if (kept === 1) expect(tenant.deadLetters.size).toBe(before)
        }
      }
      await engine.parts.recorder.stored()
      return
    case 'crash':
      return world.crash(false)
    case 'restart':
      return world.crash(true)
  }
}

async function live(world: World, steps: readonly Step[]): Promise<void> {
  await world.begin()
  for (const name of names) await world.connect(name)
  for (const [index] of names.entries()) await run(world, { do: 'subscribe', who: index, topic: index % topics.length })
  for (const each of steps) {
    await run(world, each)
    world.check()
  }
  await world.engine.parts.recorder.stored()
  world.check()
  await world.crash(false)
  world.check()
}

it('keeps its promises through any history of clients, time and crashes', async () => {
  const folder = temporaryFolder()
  let history = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      fc.constantFrom('drop-oldest' as const, 'drop-newest' as const, 'reject' as const),
      async (steps, overflow) => {
        const world = new World(join(folder, String((history += 1))), overflow)
        try {
          await live(world, steps)
        } finally {
          await world.engine.stop()
        }
      },
    ),
    { numRuns: 120 },
  )
})
