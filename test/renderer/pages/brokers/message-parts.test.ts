/** What the window keeps of messages, and how it reads them. */
import { describe, expect, it } from 'vitest'
import { MessageBuffer } from '../../../../renderer/pages/brokers/messages/message-buffer.ts'
import { hexDump, isPlainFilter, previewOf, structureIn } from '../../../../renderer/pages/brokers/messages/message-content.ts'
import { looksSealed } from '../../../../renderer/pages/brokers/messages/message-opening.ts'
import { readRecording, Recording, replay } from '../../../../renderer/pages/brokers/messages/recording.ts'
import type { BrokerMessage } from '../../../../server/brokers/contract/index.ts'

const at = (second: number): string => new Date(1_700_000_000_000 + second * 1_000).toISOString()
const message = (id: string, second = 0): BrokerMessage => ({
  ...{ topic: 'a', messageId: id, publisher: 'p', at: at(second), expiresAt: null, qos: 1, retained: false, retain: false },
  ...{ source: 'json', bytes: 1, data: id },
})

describe('the list of a tail', () => {
  it('lets the oldest go, beyond a number and beyond a size, and counts them', () => {
    const buffer = new MessageBuffer({ messages: 3, size: 100 })
    const ids = () => buffer.newestFirst().map(({ message }) => message.messageId)
    buffer.add(['a', 'b', 'c', 'd'].map((id) => ({ message: message(id), size: 10 })))
    expect([ids(), buffer.gone]).toEqual([['d', 'c', 'b'], 1])
    buffer.add([{ message: message('large'), size: 85 }])
    expect([ids(), buffer.gone]).toEqual([['large', 'd'], 3])
    buffer.add([{ message: message('larger'), size: 500 }])
    expect(ids()).toEqual(['larger'])
    buffer.clear()
    expect([ids(), buffer.gone]).toEqual([[], 0])
  })
})

describe('a recording', () => {
  it('takes no more from its bound on, and says so', () => {
    const recording = new Recording({ messages: 2, size: 1_000_000 })
    for (const id of ['a', 'b', 'c']) recording.add(message(id))
    expect([recording.count, recording.isFull]).toEqual([2, true])
    expect(readRecording(recording.text()).map(({ data }) => data)).toEqual(['a', 'b'])
  })

  it.each([
    ['', 'There is no message in it'],
    ['{"type":"skipped","count":3}\n', 'There is no message in it'],
    ['{"topic":"a","data":1}\n[]\n', 'Line 2 is no JSON object'],
    ['\n{"topic":"a"}\n', 'Line 2 has no topic or no data'],
  ])('that is %j is refused in words', (text, words) => expect(() => readRecording(text)).toThrow(words))

  it('is published at its pace, or at once, in order', async () => {
    const recorded = [message('a', 0), message('b', 2), message('c', 2), message('d', 7)]
    for (const [paced, expected] of [
      [true, ['a', 'wait 2000', 'b', 'c', 'wait 5000', 'd']],
      [false, ['a', 'b', 'c', 'd']],
    ] as const) {
      const done: string[] = []
      await replay(recorded, {
        publish: ({ data }) => Promise.resolve(done.push(String(data))),
        wait: (ms) => Promise.resolve(void done.push(`wait ${ms}`)),
        onPublished: () => undefined,
        paced,
        signal: new AbortController().signal,
      })
      expect(done).toEqual(expected)
    }
  })

  it('is stopped between two messages, and by one that is refused', async () => {
    const controller = new AbortController()
    const counts: number[] = []
    const how = {
      publish: () => Promise.resolve(),
      wait: () => Promise.resolve(),
      onPublished(count: number) {
        counts.push(count)
        if (count === 2) controller.abort()
      },
      paced: false,
      signal: controller.signal,
    }
    await expect(
      replay(
        ['a', 'b', 'c'].map((id) => message(id)),
        how,
      ),
    ).rejects.toThrow()
    expect(counts).toEqual([1, 2])
    const refused = { ...how, publish: () => Promise.reject(new Error('Queue is full')), signal: new AbortController().signal }
    await expect(replay([message('a')], refused)).rejects.toThrow('Queue is full')
  })
})

describe('a message', () => {
  it('has a preview of one line, of bytes in hexadecimal', () => {
    expect(previewOf({ data: 'two\n  lines' })).toBe('two lines')
    expect(previewOf({ data: { n: 1 } })).toBe('{"n":1}')
    expect(previewOf({ data: '/wBB', encoding: 'base64' })).toBe('ff 00 41')
  })

  it('is dumped with place, bytes and letters', () => {
    expect(hexDump(new TextEncoder().encode('01234567ab\n'))).toBe(
      `000000  30 31 32 33 34 35 36 37  01234567\n000008  61 62 0a${' '.repeat(15)}  ab.`,
    )
  })

  it('is unfolded only where there is something to unfold', () => {
    expect(structureIn('{"a":[1]}')).toEqual({ a: [1] })
    for (const text of ['4711', '"text"', '{broken', 'null']) expect(structureIn(text)).toBeUndefined()
  })

  it('looks encrypted in either envelope and not otherwise', () => {
    expect(looksSealed('AAAAAAAAAAAAAAAAAAAAAA==:AAAA')).toBe(true)
    expect(looksSealed('2.0a1b2c3d.AAAA.AAAA')).toBe(true)
    for (const text of ['12:30', 'a:b', '2.0.1', null]) expect(looksSealed(text)).toBe(false)
  })

  it('is asked for by plain filters alone', () => {
    for (const filter of ['#', 'a/+/b', '$SYS/#', 'a']) expect(isPlainFilter(filter)).toBe(true)
    for (const filter of ['', '#/a', '$share/g/a']) expect(isPlainFilter(filter)).toBe(false)
  })
})
