import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BusEvent } from '../../../server/events/event.ts'
import { EventStream } from '../../../renderer/api/event-stream.ts'
import { FakeTransport } from '../support/fake-transport.ts'
import { event, pulse } from '../support/samples.ts'

describe('the event stream', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function start() {
    const server = new FakeTransport()
    const batches: BusEvent[][] = []
    const changed: string[][] = []
    const lost: number[] = []
    const frames: (() => void)[] = []
    let gaps = 0
    const stream = new EventStream({
      connect: (since) => server.openSocket('/control/v1/events', { since }),
      onEvents: (batch) => batches.push(batch),
      onGap: () => (gaps += 1),
      onChanged: (resources) => changed.push([...resources]),
      onPulse: () => undefined,
      onOpen: () => undefined,
      onLost: (retryIn) => lost.push(retryIn),
      nextFrame: (run) => frames.push(run),
      random: () => 0.5,
    })
    stream.start()
    return { server, stream, batches, changed, lost, frames, gaps: () => gaps, frame: () => frames.splice(0).forEach((run) => run()) }
  }

  it('hands a thousand events over as one batch in the next frame', () => {
    const { server, batches, frames, frame } = start()
    server.socket.open()
    for (let id = 1; id <= 1_000; id += 1) server.socket.say({ type: 'event', event: event(id) })
    expect(batches).toEqual([])
    expect(frames).toHaveLength(1)
    frame()
    expect(batches.map((batch) => batch.length)).toEqual([1_000])
  })

  it('tells each changed resource once a frame', () => {
    const { server, changed, frame } = start()
    server.socket.open()
    for (let count = 0; count < 50; count += 1) server.socket.say({ type: 'changed', resource: 'browsers' })
    server.socket.say({ type: 'changed', resource: 'keys' })
    frame()
    expect(changed).toEqual([['browsers', 'keys']])
  })

  it('resumes after the last event it saw and drops what it saw already', () => {
    const { server, batches, frame } = start()
    server.socket.open()
    server.socket.say({ type: 'event', event: event(41) })
    server.socket.close()
    vi.advanceTimersByTime(400)
    expect(server.sockets).toHaveLength(2)
    expect(server.socket.query).toEqual({ since: 41 })
    server.socket.open()
    server.socket.say({ type: 'event', event: event(41) })
    server.socket.say({ type: 'event', event: event(42) })
    frame()
    expect(batches.flat().map(({ id }) => id)).toEqual([41, 42])
  })

  it('waits longer after each failure, eight seconds at most, and begins anew after a success', () => {
    const { server, lost } = start()
    for (let attempt = 0; attempt < 6; attempt += 1) {
      server.socket.close()
      vi.advanceTimersByTime(8_000)
    }
    expect(lost).toEqual([400, 800, 1_600, 3_200, 6_400, 8_000])
    server.socket.open()
    server.socket.close()
    expect(lost.at(-1)).toBe(400)
  })

  it('reports a gap and goes on from where the server says', () => {
    const { server, gaps } = start()
    server.socket.open()
    server.socket.say({ type: 'gap', lastId: 900 })
    expect(gaps()).toBe(1)
    server.socket.close()
    vi.advanceTimersByTime(400)
    expect(server.socket.query).toEqual({ since: 900 })
  })

  it('takes a server whose history is shorter than ours for a new one', () => {
    const { server, gaps, batches, frame } = start()
    server.socket.open()
    server.socket.say({ type: 'event', event: event(500) })
    server.socket.say(pulse(3))
    expect(gaps()).toBe(1)
    server.socket.say({ type: 'event', event: event(4) })
    frame()
    expect(batches.flat().map(({ id }) => id)).toEqual([500, 4])
  })

  it('ignores messages it does not know', () => {
    const { server, batches, frames } = start()
    server.socket.open()
    server.socket.say({ type: 'something-newer' })
    server.socket.dispatchEvent(new MessageEvent('message', { data: 'not json' }))
    expect(frames).toEqual([])
    expect(batches).toEqual([])
  })

  it('opens no further socket once stopped', () => {
    const { server, stream } = start()
    server.socket.open()
    stream.stop()
    vi.advanceTimersByTime(60_000)
    expect(server.sockets).toHaveLength(1)
  })
})
