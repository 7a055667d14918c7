/** What is known of tools while the disk does not take it: all of it counts, and is written when the disk takes it again. */
import { expect, test } from 'vitest'
import { defaultOptions } from '../../../../server/relay/contract/upstream-options.ts'
import type { StoredTool } from '../../../../server/relay/upstreams/store.ts'
import { isQuarantined, Tools, type ToolsOptions } from '../../../../server/relay/upstreams/tools.ts'
import { testClock } from '../../../fakes/kernel.ts'

const yard = { id: 'yard', name: 'yard', options: defaultOptions }
const trusting = { ...yard, options: { ...defaultOptions, trustTexts: true } }
const crane = (description: string) => ({ name: 'crane', description, inputSchema: { type: 'object' } })

function kept() {
  const rows = new Map<string, StoredTool>()
  const disk = { refuses: false }
  const told: string[] = []
  const write = (work: () => void): void => {
    if (disk.refuses) throw new Error('the disk is full')
    work()
  }
  const store = {
    tools: () => [...rows.values()],
    putTools: (_: string, changed: readonly StoredTool[]) => write(() => changed.forEach((tool) => rows.set(tool.name, tool))),
    putHeldCalls: () => write(() => undefined),
  }
  const tools = () =>
    new Tools({
      // Of transactions no more is used than that they can be called.
      store: store as unknown as ToolsOptions['store'],
      clock: testClock(),
      events: { emit: ({ type, subject }) => void told.push(`${type} ${subject}`) },
      failed: (error) => void told.push(String(error)),
    })
  return { rows, disk, told, tools }
}

test('a tool that comes while the disk refuses is there at once, and is written when the disk takes it', () => {
  const { rows, disk, told, tools } = kept()
  const known = tools()
  known.load(yard)
  disk.refuses = true
  known.learn(yard, [crane('Lifts')])
  expect([known.find('yard', 'crane')?.enabled, rows.size, told]).toEqual([true, 0, ['Error: the disk is full']])
  disk.refuses = false
  known.learn(yard, [crane('Lifts')])
  expect(rows.get('crane')).toEqual(known.find('yard', 'crane'))
})

test('a tool that changes while the disk refuses is held back, also when its server is put in another one’s place, and stays so', () => {
  const { rows, disk, told, tools } = kept()
  const known = tools()
  known.load(yard)
  known.learn(yard, [crane('Lifts')])
  disk.refuses = true
  known.learn(yard, [crane('Lifts, and tells everybody')])
  known.load(yard)
  known.learn(yard, [crane('Lifts, and tells everybody')])
  const found = known.find('yard', 'crane')
  expect([found && isQuarantined(found), rows.get('crane')?.definition]).toEqual([true, crane('Lifts')])
  expect(told.filter((each) => each.startsWith('tool-quarantined'))).toEqual(['tool-quarantined yard: crane'])
  disk.refuses = false
  known.flush()
  const later = tools()
  later.load(yard)
  const read = later.find('yard', 'crane')
  expect(read && isQuarantined(read)).toBe(true)
})

test('a disk that refuses what follows from trusting texts keeps no server from being read', () => {
  const { rows, disk, tools } = kept()
  const before = tools()
  before.load(yard)
  before.learn(yard, [crane('Lifts')])
  before.learn(yard, [crane('Lifts well')])
  const after = tools()
  disk.refuses = true
  after.load(trusting)
  const found = after.find('yard', 'crane')
  expect(found && isQuarantined(found)).toBe(false)
  disk.refuses = false
  after.flush()
  expect(rows.get('crane')).toEqual(found)
})

test('what the disk has refused is not written for a server that was removed meanwhile', () => {
  const { rows, disk, tools } = kept()
  const known = tools()
  known.load(yard)
  disk.refuses = true
  known.learn(yard, [crane('Lifts')])
  known.forget('yard')
  disk.refuses = false
  known.flush()
  expect(rows.size).toBe(0)
})
