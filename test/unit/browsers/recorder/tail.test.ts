import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import type { RecorderTailMessage } from '../../../../server/browsers/contract/recorder.ts'
import { attachTail } from '../../../../server/browsers/recorder/tail.ts'
import type { Session } from '../../../../server/browsers/session/session.ts'
import { createSignal } from '../../../../server/async/signal.ts'
import { testClock } from '../../../fakes/kernel.ts'
import { eventually } from '../../../fixtures/eventually.ts'

it('tells the latest ten of a second, and of the others how many', async () => {
  const clock = testClock()
  const added = createSignal<[recorded: never]>()
  const messages: RecorderTailMessage[] = []
  const socket = Object.assign(new EventEmitter(), { OPEN: 1, readyState: 1, bufferedAmount: 0, close: () => undefined }) as object
  Object.assign(socket, { send: (text: string) => void messages.push(JSON.parse(text) as RecorderTailMessage) })
  const ended = createSignal<[reason: string]>()
  const recorder = {
    onAdded: (listener: () => void) => added.subscribe(listener),
    show: (line: string) => ({ category: 'console', source: 'page', kind: 'console', subject: line, text: line }),
    totals: { requests: 0, bytes: 0 },
  }
  const session = { recorder, onEnd: (listener: () => void) => ended.subscribe(listener) } as unknown as Session // of a session, what a tail reads
  attachTail(socket as WebSocket, session, { filter: { category: ['console'] }, textOf: () => '', clock })
  const told = (): string[] => messages.flatMap(({ entries }) => entries.map(({ subject }) => subject))
  const skipped = (): number => messages.reduce((sum, message) => sum + message.skipped, 0)
  const say = async (first: number, last: number): Promise<void> => {
    for (let line = first; line <= last; line += 1) added.emit(`line ${line}` as never) // as `show` above takes it
    await eventually('all lines are told or counted', () => told().length + skipped() === last)
  }

  await say(1, 7)
  await say(8, 60)
  expect(told()).toEqual([1, 2, 3, 4, 5, 6, 7, 58, 59, 60].map((line) => `line ${line}`))
  await say(61, 65)
  expect(told()).toHaveLength(10)
  clock.advance(1_000)
  await say(66, 67)
  expect(told().slice(10)).toEqual(['line 66', 'line 67'])
  expect(skipped()).toBe(55)
  ended.emit('closed')
})
