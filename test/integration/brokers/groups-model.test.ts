/**
 * Random histories of two groups whose members come, leave, freeze, listen for themselves and crash with the process: what was accepted for
 * a group is acknowledged for it, waits for it with one subscriber, or is a dead letter; and nothing waits with who is away while another
 * could take it.
 */
import fc from 'fast-check'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Attachment } from '../../../server/brokers/engine/embedded/attachment.ts'
import type { EmbeddedEngine } from '../../../server/brokers/engine/embedded/embedded-engine.ts'
import type { Delivery, Tenant } from '../../../server/brokers/engine/embedded/model.ts'
import { addTenant, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

const names = ['ann', 'bob', 'cid', 'dee']
const groups = ['g', 'h']
const policy = { maxInFlight: 2, maxQueuedMessages: 5 }

type Verb = 'publish' | 'join' | 'quit' | 'listen' | 'ack' | 'connect' | 'disconnect' | 'freeze' | 'thaw' | 'remove' | 'settle' | 'crash'
const verbs: [number, Verb][] = [
  ...([
    [8, 'publish'],
    [4, 'join'],
    [1, 'quit'],
    [2, 'listen'],
    [8, 'ack'],
    [4, 'connect'],
  ] as [number, Verb][]),
  ...([
    [3, 'disconnect'],
    [1, 'freeze'],
    [2, 'thaw'],
    [1, 'remove'],
    [3, 'settle'],
    [1, 'crash'],
  ] as [number, Verb][]),
]
const step = fc.record({
  verb: fc.oneof(...verbs.map(([weight, verb]) => ({ weight, arbitrary: fc.constant(verb) }))),
  who: fc.nat(names.length - 1),
  group: fc.nat(groups.length - 1),
})

const keyOf = (name: string): string => `user:${name}`
const promised = ({ shares, owed }: Delivery): string[] => [...shares, ...owed]

class World {
  engine: EmbeddedEngine
  tenant: Tenant
  readonly clients = new Map<string, { client: FakeClient; place: Attachment }>()
  /** Accepted or not, by message: the groups that had a member. */
  readonly published = new Map<string, Set<string>>()
  readonly accepted = new Set<string>()
  readonly acknowledged = new Set<string>()
  readonly #writer = new FakeClient('writer')
  #folder: string

  constructor(folder: string) {
    this.#folder = join(folder, 'brokers')
    ;[this.engine, this.tenant] = this.#open()
  }

  #open(): [EmbeddedEngine, Tenant] {
    const engine = newEngine({ folder: this.#folder, segmentBytes: 2_000 })
    return [engine, addTenant(engine, { policy })]
  }

  async act(verb: Verb, name: string, group: string, number: number): Promise<void> {
    const { engine, tenant, clients } = this
    const there = clients.get(name)
    const shared = { ...subscriptionTo('t'), name: `$share/${group}/t`, group }
    const subscriber = tenant.subscribers.get(keyOf(name))
    if (verb === 'publish') {
      const id = `m${number}`
      this.published.set(id, new Set(groups.filter((each) => tenant.tree.members(`${each}/t`).size > 0).map((each) => `${each}/t`)))
      engine.publish(tenant.id, publicationOf({ id }), this.#writer)
    } else if (verb === 'join') await there?.place.subscribe([shared])
    else if (verb === 'quit') await there?.place.unsubscribe([shared.name])
    else if (verb === 'listen') await there?.place.subscribe([subscriptionTo('t')])
    else if (verb === 'ack') {
      const sent = [...(subscriber?.unacked.values() ?? [])].find(({ state }) => state === 'sent')
      if (sent === undefined || there === undefined) return
      for (const share of sent.shares) this.acknowledged.add(`${sent.message.id} ${share}`)
      there.place.acknowledgeDelivery(sent)
    } else if (verb === 'connect') await this.connect(name)
    else if (verb === 'disconnect') {
      clients.delete(name)
      there?.place.detach()
    } else if (verb === 'freeze' || verb === 'thaw') {
      if (there === undefined) return
      there.client.room = verb === 'thaw'
      there.place.resume()
    } else if (verb === 'remove') {
      clients.delete(name)
      // What nobody else is there to take is thrown away with it: that is what removing means.
      for (const [share, held] of subscriber?.shared ?? [])
        if ([...tenant.tree.members(share)].every((member) => member.subscriber === subscriber))
          for (const { message } of held) this.acknowledged.add(`${message.id} ${share}`)
      await engine.removeSubscriber(tenant.id, subscriber?.id ?? 0)
    } else if (verb === 'crash') await this.crash()
    else await engine.parts.recorder.stored()
  }

  async connect(name: string): Promise<void> {
    if (this.clients.has(name)) return
    const client = new FakeClient(name)
    const place = await client.attachTo(this.engine, this.tenant.id)
    this.clients.set(name, { client, place })
    place.resume()
  }

  /** As the disk is at this moment: what gathers in memory is lost. */
  async crash(): Promise<void> {
    this.readReceipts()
    const before = this.#folder
    this.#folder = `${before}x`
    cpSync(before, this.#folder, { recursive: true })
    await this.engine.stop()
    this.#writer.receipts.length = 0
    this.clients.clear()
    ;[this.engine, this.tenant] = this.#open()
    await this.engine.start()
  }

  readReceipts(): void {
    for (const { token, refusal } of this.#writer.receipts) if (refusal === null) this.accepted.add(String(token))
  }

  check(): void {
    this.readReceipts()
    const subscribers = [...this.tenant.subscribers.values()]
    const waiting = subscribers.flatMap(({ unacked }) =>
      [...unacked.values()].flatMap((each) => promised(each).map((s) => [each, s] as const)),
    )
    const dead = new Set([...this.tenant.deadLetters.values()].map(({ message }) => message.id))
    for (const id of this.accepted)
      for (const share of this.published.get(id) ?? []) {
        const holders = waiting.filter(([{ message }, each]) => message.id === id && each === share).length
        expect(holders, `${id} waits for ${share} once`).toBeLessThanOrEqual(1)
        const isSomewhere = holders === 1 || this.acknowledged.has(`${id} ${share}`) || dead.has(id)
        expect(isSomewhere, `${id} for ${share} is acknowledged, waiting or dead`).toBe(true)
      }
    for (const { shared, unacked } of subscribers) {
      const kept = [...shared].flatMap(([share, held]) => [...held].map(({ message }) => `${message.id} ${share}`))
      const real = [...unacked.values()].flatMap((each) => promised(each).map((share) => `${each.message.id} ${share}`))
      expect(kept.sort()).toEqual(real.sort())
    }
  }

  /** Once all is quiet: with who is away nothing waits that a member with time and room does not have. */
  async checkIdle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await this.engine.parts.recorder.stored()
    const { tenant } = this
    for (const share of groups.map((group) => `${group}/t`)) {
      const members = [...tenant.tree.members(share)].map(({ subscriber }) => subscriber)
      const isIdle = ({ clients, unacked }: (typeof members)[number]): boolean =>
        [...clients].some((client) => client.ready()) && unacked.size === 0
      if (!members.some(isIdle)) continue
      for (const { key, clients, shared } of members)
        if (clients.size === 0) expect(shared.get(share)?.size ?? 0, `what waits for ${share} with ${key}, who is away`).toBe(0)
    }
  }
}

it('keeps to every group what it promised, through any history of its members', async () => {
  const folder = temporaryFolder()
  let history = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const world = new World(join(folder, String((history += 1))))
      try {
        await world.engine.start()
        for (const [index, name] of names.entries()) {
          await world.connect(name)
          await world.act('join', name, groups[index % 2] ?? '', 0)
        }
        for (const [number, { verb, who, group }] of steps.entries()) {
          await world.act(verb, names[who] ?? '', groups[group] ?? '', number)
          world.check()
        }
        await world.checkIdle()
        world.check()
        await world.crash()
        world.check()
      } finally {
        await world.engine.stop()
      }
    }),
    { numRuns: 60 },
  )
})
