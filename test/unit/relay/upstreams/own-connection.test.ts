/** A connection to a server that is one session's alone: how its list is read, when it is idle, and what its end waits for. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AskingTools } from '../../../../server/relay/upstreams/asking-tools.ts'
import type { Caller } from '../../../../server/relay/upstreams/callers.ts'
import type { Message, UpstreamConnection } from '../../../../server/relay/upstreams/connection.ts'
import { OwnConnection } from '../../../../server/relay/upstreams/own-connection.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Answer = (message: Message) => unknown
const idleAfter = 1_000
const listChanged = { method: 'notifications/tools/list_changed' }
const callOf = (name: string) => ({ method: 'tools/call', params: { name } })

/** A connection that answers as it is told to, and fails what is under way when it is closed. */
function opened(answers: Record<string, Answer>) {
  const told = { idle: 0, tools: 0, gone: [] as string[], ended: 0, closed: 0 }
  const tools = new AskingTools()
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => undefined)
  let hear: (message: Message) => void = () => undefined
  const connection = {
    ...{ capabilities: { tools: {} }, pid: null, whenEnded: () => undefined },
    request: async (message: Message) => Promise.race([answers[message.method]?.(message), ended.promise]),
    close: async () => {
      told.closed += 1
      ended.reject(new Error('Connection closed'))
    },
  } as unknown as UpstreamConnection
  const own = new OwnConnection({
    ...{ id: 'own', alone: false, tools, related: false, listTimeout: 60_000, idleAfter, now: () => Date.now() },
    connect: async ({ onNotification }) => {
      hear = onNotification
      return connection
    },
    learn: () => undefined,
    changed: () => undefined,
    onIdle: () => void (told.idle += 1),
    onGone: ({ message }) => void told.gone.push(message),
    onEnded: () => void (told.ended += 1),
    note: () => undefined,
  })
  const client = (name: string): Caller => ({
    ...{ client: name, session: 'one', account: 'ann', capabilities: { elicitation: {} } },
    ask: () => Promise.reject(new Error('Nobody is there')),
    notify: () => undefined,
    onTools: () => void (told.tools += 1),
  })
  own.open(client('opener'))
  own.ready.catch(() => undefined)
  return { own, told, tools, client, say: (message: Message) => hear(message) }
}

test('a server that says with every reading that its list changed is read ever more seldom, and tells its clients of no change', async () => {
  let asked = 0
  const { own, told, say } = opened({
    'tools/list': () => {
      asked += 1
      // Behind each answer, as fast as it can; never in the same turn.
      setImmediate(() => say(listChanged))
      // A reading more than anybody would make ends the test in place of going on for ever.
      return asked > 100 ? new Promise(() => undefined) : { tools: [{ name: 'echo' }] }
    },
  })
  await vi.advanceTimersByTimeAsync(0)
  await own.ready
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toBeLessThan(20)
  expect(asked).toBeGreaterThan(8)
  expect([told.tools, own.tools]).toMatchObject([0, [{ name: 'echo' }]])
  await own.close()
  expect(vi.getTimerCount()).toBe(0)
})

test('of readings that overlap the newest list counts, and clients are told once for each change', async () => {
  let version = 0
  const held: (() => void)[] = []
  const { own, told, say } = opened({
    'tools/list': () => {
      const listed = { tools: [{ name: `of-${version}` }] }
      return version === 0 ? listed : new Promise((resolve) => held.push(() => resolve(listed)))
    },
  })
  await vi.advanceTimersByTimeAsync(0)
  await own.ready
  for (version of [1, 2]) {
    say(listChanged)
    await vi.advanceTimersByTimeAsync(0)
  }
  while (held.length > 0) {
    // The one asked last is answered first.
    held.pop()?.()
    await vi.advanceTimersByTimeAsync(0)
  }
  expect([own.tools, told.tools]).toMatchObject([[{ name: 'of-2' }], 2])
})

test('a call that waited for its turn is not idle time, however long it then takes', async () => {
  const answered = new Map<string, () => void>()
  const { own, told, tools, client } = opened({
    'tools/list': () => ({ tools: [] }),
    'tools/call': ({ params }) => new Promise((resolve) => answered.set(String(params?.['name']), () => resolve({}))),
  })
  await vi.advanceTimersByTimeAsync(0)
  await own.ready
  tools.asked('ask')
  const first = own.request(client('ann'), callOf('ask'), {})
  await vi.advanceTimersByTimeAsync(0)
  const second = own.request(client('ben'), callOf('long'), {})
  await vi.advanceTimersByTimeAsync(0)
  expect([[...answered.keys()], own.size]).toEqual([['ask'], 2])
  answered.get('ask')?.()
  await first
  await vi.advanceTimersByTimeAsync(idleAfter * 3)
  expect([[...answered.keys()], told.idle, own.isBusy]).toEqual([['ask', 'long'], 0, true])
  answered.get('long')?.()
  await second
  expect(own.isBusy).toBe(false)
  await vi.advanceTimersByTimeAsync(idleAfter)
  expect(told.idle).toBe(1)
})

test('one whose list never comes is ended at once, keeps its place until then, and its opener hears why', async () => {
  const { own, told } = opened({ 'tools/list': () => new Promise(() => undefined) })
  await vi.advanceTimersByTimeAsync(0)
  const closing = own.close(new Error('Ended by hand'))
  expect([told.gone, told.ended, own.isBusy]).toEqual([['Ended by hand'], 0, false])
  await vi.advanceTimersByTimeAsync(0)
  await closing
  await expect(own.ready).rejects.toThrow('Ended by hand')
  expect([told.closed > 0, told.ended, vi.getTimerCount()]).toEqual([true, 1, 0])
})
