/** What a server offers: each list for itself, read again when it failed, read to its end, and what is not known of it said. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Offer } from '../../../../server/relay/upstreams/catalogue.ts'
import type { Message, UpstreamConnection } from '../../../../server/relay/upstreams/connection.ts'
import { readList } from '../../../../server/relay/upstreams/read-list.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Answer = (params: Record<string, unknown>) => unknown
const capabilities = { tools: {}, resources: {}, prompts: {} }

/** A connection that answers each list as it is told to. */
function served(answers: Record<string, Answer>): UpstreamConnection {
  const request = async ({ method, params = {} }: Message): Promise<unknown> => {
    const answer = answers[method]
    if (answer === undefined) throw Object.assign(new Error('Method not found'), { code: -32_601 })
    return answer(params)
  }
  // Of a connection lists use no more than this.
  return { capabilities, request, instructions: undefined } as unknown as UpstreamConnection
}

function offered() {
  const told: string[][] = []
  const notes: string[] = []
  const current: { connection?: UpstreamConnection } = {}
  const offer = new Offer({
    listTimeout: () => 1_000,
    isCurrent: (connection) => current.connection === connection,
    onChange: (parts) => void told.push([...parts].toSorted()),
    note: (text) => void notes.push(text),
  })
  const connect = (connection: UpstreamConnection): Promise<void> => {
    current.connection = connection
    return offer.readAll(connection)
  }
  return { offer, told, notes, connect }
}

const echo = { name: 'echo', inputSchema: { type: 'object' } }
const berth = { name: 'berth', uri: 'yard://1' }

test('a list that is refused, or never comes, takes no tools away', async () => {
  const { offer, told, connect } = offered()
  const ready = connect(served({ 'tools/list': () => ({ tools: [echo] }), 'prompts/list': () => new Promise(() => undefined) }))
  await vi.advanceTimersByTimeAsync(1_000)
  await ready
  expect(offer.catalogue.tools).toEqual([echo])
  expect(told.at(-1)).toEqual(['resourceTemplates', 'tools'])
  expect(offer.lists).toMatchObject({
    tools: { state: 'read', items: 1, error: null },
    resources: { state: 'failed', items: 0, error: 'Method not found' },
    // That a server with resources has no templates is no fault.
    resourceTemplates: { state: 'absent' },
    prompts: { state: 'reading' },
  })
})

test('a list that failed is read again, slower and slower, and what it listed before stays meanwhile', async () => {
  const { offer, told, connect, notes } = offered()
  let [asked, fails] = [0, false]
  const answers = {
    'tools/list': () => ({ tools: [echo] }),
    'resources/list': () => {
      asked += 1
      if (fails) throw new Error('Not today')
      return { resources: [berth] }
    },
    'prompts/list': () => ({ prompts: [] }),
  }
  const connection = served(answers)
  await connect(connection)
  fails = true
  await offer.read(connection, new Set(['resources']))
  expect([offer.catalogue.resources, offer.lists.resources]).toEqual([[berth], { state: 'failed', items: 1, error: 'Not today' }])
  expect(notes.at(-1)).toBe('reading its resources failed: Not today')
  asked = 0
  for (const wait of [5_000, 10_000, 20_000]) {
    await vi.advanceTimersByTimeAsync(wait - 1)
    const before = asked
    await vi.advanceTimersByTimeAsync(1)
    expect(asked).toBe(before + 1)
  }
  fails = false
  await vi.advanceTimersByTimeAsync(40_000)
  expect([offer.lists.resources.state, told.at(-1)]).toEqual(['read', ['resources']])
  expect(vi.getTimerCount()).toBe(0)
})

test('a server that says again and again that its list changed is asked once more, not once each', async () => {
  const { offer, connect } = offered()
  let asked = 0
  const held: (() => void)[] = []
  const connection = served({
    'tools/list': () => {
      asked += 1
      return new Promise((resolve) => held.push(() => resolve({ tools: [echo] })))
    },
    'resources/list': () => ({ resources: [] }),
    'prompts/list': () => ({ prompts: [] }),
  })
  const ready = connect(connection)
  for (let time = 0; time < 5; time += 1) void offer.read(connection, new Set(['tools']))
  await vi.advanceTimersByTimeAsync(0)
  held[0]?.()
  await vi.advanceTimersByTimeAsync(0)
  held[1]?.()
  await vi.advanceTimersByTimeAsync(1_000)
  await ready
  expect(asked).toBe(2)
})

test('a list is read to its end, however many pages it has', async () => {
  const pages = 200
  const connection = served({
    'tools/list': ({ cursor = '0' }) => {
      const page = Number(cursor)
      return { tools: [{ name: `tool-${page}` }], ...(page + 1 < pages ? { nextCursor: String(page + 1) } : {}) }
    },
  })
  expect(await readList(connection, 'tools', { timeout: 1_000 })).toMatchObject({ items: { length: pages }, cut: null })
})

test('pages that lead in a circle, and pages without end, come to one that is said', async () => {
  const circle = served({ 'tools/list': ({ cursor }) => ({ tools: [echo], nextCursor: cursor === 'b' ? 'a' : 'b' }) })
  const read = await readList(circle, 'tools', { timeout: 1_000 })
  expect([read?.items.length, read?.cut]).toEqual([3, expect.stringContaining('read already')])
  let page = 0
  const endless = served({ 'tools/list': () => ({ tools: [], nextCursor: String((page += 1)) }) })
  expect((await readList(endless, 'tools', { timeout: 1_000, mostAtAll: 100 }))?.cut).toContain('more than 100')
})

test('a server that says with every reading that its list changed is ready, read ever more seldom, and tells of no change', async () => {
  const { offer, told, connect } = offered()
  let asked = 0
  const connection: UpstreamConnection = served({
    'tools/list': () => {
      asked += 1
      void offer.read(connection, new Set(['tools']))
      return { tools: [echo] }
    },
    'resources/list': () => ({ resources: [] }),
    'prompts/list': () => ({ prompts: [] }),
  })
  const ready = connect(connection)
  await vi.advanceTimersByTimeAsync(1_000)
  await ready
  told.length = 0
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toBeLessThan(20)
  expect(asked).toBeGreaterThan(8)
  expect(told.flat()).toEqual([])
  expect(offer.lists.tools.state).toBe('read')
})
