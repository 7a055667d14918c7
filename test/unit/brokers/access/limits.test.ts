/** What a named client can make the house do and keep by what it asks for. */
import { describe, expect, it } from 'vitest'
import { LimitedAttachment } from '../../../../server/brokers/access/limited-attachment.ts'
import { Access } from '../../../../server/brokers/access/access.ts'
import type { AccessRule } from '../../../../server/brokers/access/rules.ts'
import type { Attachment } from '../../../../server/brokers/engine/broker-engine.ts'
import type { Subscription } from '../../../../server/brokers/engine/types.ts'

/** A client whose rules are counted as they are read. */
function counted(): { access: Access; reads: () => number } {
  let reads = 0
  const rule: AccessRule = {
    action: 'both',
    permission: 'allow',
    get topic() {
      reads += 1
      return '#'
    },
  }
  return { access: new Access({ name: 'door', rules: [rule] }, 'door'), reads: () => reads }
}

describe('what a named client may publish', () => {
  it('is asked of its rules once for a topic', () => {
    const { access, reads } = counted()
    expect([access.mayPublish('a'), access.mayPublish('a'), access.mayPublish('b')]).toEqual([true, true, true])
    expect(reads()).toBe(2)
  })

  it('is nothing that is no topic, which is neither judged nor remembered however long it is', () => {
    const { access, reads } = counted()
    for (const topic of ['x'.repeat(1_025), '/'.repeat(1_000_000), 'a/#', '']) expect(access.mayPublish(topic)).toBe(false)
    expect(reads()).toBe(0)
  })
})

describe('thousands of subscriptions at once', () => {
  it('are judged by whoever makes them, each as its turn comes', async () => {
    const { access, reads } = counted()
    const asked: (((each: Subscription) => boolean) | undefined)[] = []
    const place = {
      subscribe(_: readonly Subscription[], mayHave?: (each: Subscription) => boolean) {
        asked.push(mayHave)
        return Promise.resolve({ outcomes: [], isStored: true })
      },
    }
    const wanted = Array.from({ length: 5_000 }, (_, index) => subscriptionTo(`a/${index}`))
    // Of the place only that much is used here.
    await new LimitedAttachment(place as unknown as Attachment, access, { accepted: () => undefined }).subscribe(wanted)
    expect(reads()).toBe(0)
    expect(asked[0]?.(subscriptionTo('a'))).toBe(true)
    expect(asked[0]?.(subscriptionTo('$SYS/#'))).toBe(false)
  })
})

function subscriptionTo(filter: string): Subscription {
  return { name: filter, filter, group: null, qos: 1, noLocal: false, retainAsPublished: false, identifier: null }
}
