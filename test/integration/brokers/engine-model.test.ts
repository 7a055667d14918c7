/**
 * Random histories of publishing, acknowledging, leaving, coming back, waiting and crashing, on the real journal, against a model
 * that knows nothing but the promises: accepted means that each subscriber acknowledged it, still waits for it, or has it as a dead letter.
 */
import fc from 'fast-check'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Engine } from '../../../server/brokers/engine/engine.ts'
import type { Subscriber } from '../../../server/brokers/engine/model.ts'
import type { Tenant } from '../../../server/brokers/engine/tenant.ts'
import { defaultPolicy, type Policy } from '../../../server/brokers/policy.ts'
import { FakeLink } from '../../fakes/broker-link.ts'
import { temporaryFolder, testClock, testLog, type TestClock } from '../../fakes/kernel.ts'

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
  engine: Engine
  tenant: Tenant
  other: Tenant
  readonly links = new Map<string, FakeLink>()
  readonly subscribers = new Map<string, Subscriber>()
  readonly subscribed = new Map<string, Set<string>>(names.map((name) => [name, new Set()]))
  readonly published: Expectation[] = []
  readonly bystander = new FakeLink('bystander')
  private receiptsRead = new Map<FakeLink, number>()

  private readonly overflow: Policy['overflow']

  constructor(folder: string, overflow: Policy['overflow']) {
    this.overflow = overflow
    this.folder = join(folder, 'brokers')
    ;[this.engine, this.tenant, this.other] = this.open()
  }

  private open(): [Engine, Tenant, Tenant] {
    const engine = new Engine({
      folder: this.folder,
      clock: this.clock,
      log: testLog(),
      segmentBytes: 2_000,
      setTimer: () => () => undefined,
      observer: { deadLetter: () => undefined, storageFailed: () => undefined, storageWorks: () => undefined },
    })
    return [engine, engine.addTenant(1, 'one', { ...policy, overflow: this.overflow }), engine.addTenant(2, 'other', policy)]
  }

  async begin(): Promise<void> {
    await this.engine.recover()
    // In another session, on every topic: whatever it hears is a leak.
    const { subscriber } = this.engine.attach(this.other, this.bystander, { key: 'user:ann', durable: true, keepFor: null })
    this.engine.subscribe(subscriber, '#', { filter: '#', group: null, qos: 1, noLocal: true, retainAsPublished: false, identifier: null })
    await this.engine.durable()
  }

  link(name: string): FakeLink | undefined {
    return this.links.get(name)
  }

  async connect(name: string): Promise<void> {
    if (this.links.has(name)) return
    const link = new FakeLink(name, () => this.clock.monotonic())
    const { subscriber } = this.engine.attach(this.tenant, link, { key: `user:${name}`, durable: true, keepFor: null })
    this.links.set(name, link)
    this.subscribers.set(name, subscriber)
    this.engine.dispatch(subscriber)
    await this.engine.durable()
  }

  disconnect(name: string): void {
    const link = this.links.get(name)
    const subscriber = this.subscribers.get(name)
    if (link === undefined || subscriber === undefined) return
    this.readReceipts()
    this.links.delete(name)
    this.engine.detach(subscriber, link)
  }

  /** The process dies: nothing that was not on the disk is there any more. */
  async crash(clean: boolean): Promise<void> {
    this.readReceipts()
    if (!clean) {
      // As the disk is at this very moment: what gathers in memory is lost, and nobody hears of it any more.
      const before = this.folder
      this.folder = `${before}x`
      cpSync(before, this.folder, { recursive: true })
      for (const link of this.links.values()) link.accepted = () => undefined
    }
    await this.engine.stop()
    this.readReceipts()
    this.links.clear()
    this.subscribers.clear()
    ;[this.engine, this.tenant, this.other] = this.open()
    await this.begin()
    for (const name of names) if ((this.subscribed.get(name)?.size ?? 0) > 0) await this.connect(name)
  }

  readReceipts(): void {
    for (const link of this.links.values()) {
      for (const { token, refusal } of link.receipts.slice(this.receiptsRead.get(link) ?? 0)) {
        const expectation = this.published.find(({ id }) => id === token)
        if (refusal === null && expectation !== undefined) expectation.accepted = true
      }
      this.receiptsRead.set(link, link.receipts.length)
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
    for (const [name, link] of this.links) {
      for (const { id, tries, at } of link.received) {
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
    const bytes = [...this.engine.messages.values()].reduce((sum, { body }) => sum + body.length, 0)
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
      const link = world.link(name)
      if (link === undefined) return
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
      engine.publish(
        tenant,
        {
          topic: topicName,
          id,
          source: 'json',
          body: Buffer.from(id),
          isEmpty: false,
          qos: 1,
          retain: false,
          properties: null,
          expiresIn: null,
          publisher: name,
        },
        link,
        id,
      )
      return
    }
    case 'subscribe': {
      const name = names[action.who] ?? ''
      const topicName = topics[action.topic] ?? ''
      const subscriber = world.subscribers.get(name)
      if (subscriber === undefined || world.link(name) === undefined) return
      engine.subscribe(subscriber, topicName, {
        filter: topicName,
        group: null,
        qos: 1,
        noLocal: true,
        retainAsPublished: false,
        identifier: null,
      })
      world.subscribed.get(name)?.add(topicName)
      await engine.durable()
      return
    }
    case 'unsubscribe': {
      const name = names[action.who] ?? ''
      const subscriber = world.subscribers.get(name)
      if (subscriber === undefined || world.link(name) === undefined) return
      engine.unsubscribe(subscriber, topics[action.topic] ?? '')
      world.subscribed.get(name)?.delete(topics[action.topic] ?? '')
      await engine.durable()
      return
    }
    case 'ack': {
      const name = names[action.who] ?? ''
      const link = world.link(name)
      const subscriber = world.subscribers.get(name)
      const got = link?.received.at(-1 - action.which)
      if (subscriber === undefined || got === undefined) return
      world.published.find(({ id }) => id === got.id)?.acknowledged.add(name)
      engine.acknowledge(subscriber, got.id)
      return
    }
    case 'connect':
      return world.connect(names[action.who] ?? '')
    case 'disconnect':
      return world.disconnect(names[action.who] ?? '')
    case 'freeze':
    case 'thaw': {
      const name = names[action.who] ?? ''
      const link = world.link(name)
      const subscriber = world.subscribers.get(name)
      if (link === undefined || subscriber === undefined) return
      link.room = action.do === 'thaw'
      engine.dispatch(subscriber)
      return
    }
    case 'wait':
      world.clock.advance(action.ms)
      engine.runDue()
      return
    case 'settle':
      await engine.durable()
      return
    case 'replay':
      for (const letter of [...tenant.deadLetters.values()].slice(0, 2)) {
        const name = letter.subscriberKey.slice('user:'.length)
        if (tenant.subscribers.has(letter.subscriberKey) && names.includes(name)) {
          const before = tenant.deadLetters.size
          world.replayed.add(letter.message.id)
          // A full queue keeps its bound, and the letter stays what it is.
          if (!engine.replay(letter)) expect(tenant.deadLetters.size).toBe(before)
        }
      }
      await engine.durable()
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
  await world.engine.durable()
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
