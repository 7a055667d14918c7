/** What a reader of a live tail gets that does not keep up, or may not read any more. */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { TailLine } from '../../../server/brokers/contract/messages.ts'
import type { Message } from '../../../server/brokers/engine/types.ts'
import { mostUnsent, Tail, type EndOfTail } from '../../../server/brokers/messages/tail.ts'

const message = (id: string, payload = 'text'): Message => ({
  ...{ seq: 1, topic: 'orders/paid', id, publisher: 'user:shop', acceptedAt: 1_700_000_000_000, expiresAt: null, due: 0 },
  ...{ qos: 1, retain: false, retained: false, source: 'mqtt', body: Buffer.from(payload), properties: null, frame: null },
})

function open({ count, mayRead = () => true }: { count?: number; mayRead?: () => boolean } = {}) {
  const texts: { text: string; written: () => void }[] = []
  const ends: EndOfTail[] = []
  let left = 0
  const reader = {
    write: (text: string, written: () => void) => void texts.push({ text, written }),
    end: (reason: EndOfTail) => void ends.push(reason),
  }
  const tail = new Tail(reader, { mayRead, count, left: () => (left += 1) })
  const lines = (): TailLine[] =>
    texts.flatMap(({ text }) =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as TailLine),
    )
  return { tail, texts, ends, lines, left: () => left, ids: () => lines().flatMap((line) => ('messageId' in line ? line.messageId : [])) }
}

describe('a live tail', () => {
  it('says in one go what came in one turn', async () => {
    const { tail, texts, ids } = open()
    for (const id of ['a', 'b', 'c']) tail.message(message(id), false)
    await setImmediate()
    expect(texts).toHaveLength(1)
    expect(ids()).toEqual(['a', 'b', 'c'])
  })

  it('keeps no more than its bound for a reader that takes nothing, and tells how many it lost once there is room', async () => {
    const { tail, texts, lines } = open()
    const large = 'x'.repeat(100_000)
    for (let n = 0; n < 1_000; n += 1) {
      tail.message(message(`m${n}`, large), false)
      await setImmediate()
    }
    const waiting = texts.reduce((sum, { text }) => sum + text.length, 0)
    expect(waiting).toBeLessThan(mostUnsent + 110_000)
    const sent = lines().length
    for (const { written } of texts.splice(0)) written()
    await setImmediate()
    expect(lines()).toEqual([{ type: 'skipped', count: 1_000 - sent }])
    tail.message(message('after', 'text'), false)
    await setImmediate()
    expect(lines().at(-1)).toMatchObject({ messageId: 'after' })
  })

  it('tells of what was lost before it ends', async () => {
    const { tail, lines, ends, left } = open()
    tail.message(message('large', 'x'.repeat(mostUnsent)), false)
    tail.message(message('lost'), false)
    tail.end('suspended')
    expect(lines().slice(1)).toEqual([
      { type: 'skipped', count: 1 },
      { type: 'ended', reason: 'suspended' },
    ])
    tail.end('dropped')
    tail.leave()
    expect([ends, left()]).toEqual([['suspended'], 1])
    await setImmediate()
  })

  it('ends after as many messages as were asked for', async () => {
    const { tail, lines, ends } = open({ count: 2 })
    for (const id of ['a', 'b', 'c']) tail.message(message(id), false)
    await setImmediate()
    expect(lines().map((line) => ('messageId' in line ? line.messageId : line.type))).toEqual(['a', 'b', 'ended'])
    expect(ends).toEqual(['done'])
  })

  it('says nothing more to a key that was revoked', async () => {
    let mayRead = true
    const { tail, lines, ends, ids } = open({ mayRead: () => mayRead })
    tail.message(message('before'), false)
    await setImmediate()
    mayRead = false
    tail.message(message('after'), false)
    await setImmediate()
    expect(ids()).toEqual(['before'])
    expect(lines().at(-1)).toEqual({ type: 'ended', reason: 'key-revoked' })
    expect(ends).toEqual(['key-revoked'])
  })
})
