/** A tool is found by what it does, among many. */
import { expect, test } from 'vitest'
import { ToolIndex, type Findable } from '../../../../server/relay/search/tool-index.ts'
import { portQuestions, portTools } from '../../../fixtures/tools/port-tools.ts'

const findable = portTools.map(({ server, name, description, inputSchema }): Findable => ({
  ...{ key: `${server}.${name}`, server, name, title: '', description },
  args: Object.keys(inputSchema.properties).join(' '),
}))
const all = new Set(findable.map(({ key }) => key))
function indexOf(tools: readonly Findable[]): ToolIndex {
  const index = new ToolIndex()
  index.learn(tools)
  return index
}
const keysOf = (index: ToolIndex, question: string, sees = all) => index.search(question, sees, 10).map(({ key }) => key)

test('eighteen of twenty questions in an agent’s own words have their tool among the first three of 161', () => {
  const index = indexOf(findable)
  expect(findable).toHaveLength(161)
  const missed = portQuestions.filter(([question, tool]) => !keysOf(index, question).slice(0, 3).includes(tool))
  expect(missed.map(([question]) => question)).toEqual(['email a customer', 'stop a lorry trip that was planned'])
})

test('a tool is found by its exact name, the beginning of a word, and a word with a slip', () => {
  const index = indexOf(findable)
  expect(keysOf(index, 'set_reefer_temperature')[0]).toBe('yard.set_reefer_temperature')
  expect(keysOf(index, 'demurr')[0]).toBe('shipping.demurrage')
  expect(keysOf(index, 'demurage charges')[0]).toBe('shipping.demurrage')
})

test('only what a session sees is found, and words that say nothing find nothing', () => {
  const index = indexOf(findable)
  expect(keysOf(index, 'delete container', new Set(['yard.move_container']))).toEqual(['yard.move_container'])
  expect(keysOf(index, 'what is the tool for this')).toEqual([])
  expect(keysOf(index, '')).toEqual([])
})

test('a changed tool is found by its new words as soon as they are learned, and the others stay as they are', () => {
  const index = indexOf(findable)
  const changed = findable.map((tool) =>
    tool.key === 'weather.tide_table' ? { ...tool, key: 'weather.tide_table 2', description: 'Moon phases of a month' } : tool,
  )
  index.learn(changed)
  const sees = new Set(changed.map(({ key }) => key))
  expect(keysOf(index, 'moon phases', sees)[0]).toBe('weather.tide_table 2')
  expect(keysOf(index, 'remove a container from the yard plan', sees)[0]).toBe('yard.delete_container')
})

test('a word without end, in a description or a question, counts by its beginning', () => {
  const description = `Moon phases ${'q'.repeat(200_000)}`
  const endless: Findable = { key: 'odd.blob', server: 'odd', name: 'blob', title: '', description, args: '' }
  const index = indexOf([...findable, endless])
  const sees = new Set([...all, endless.key])
  expect(keysOf(index, 'moon phases', sees)[0]).toBe('odd.blob')
  expect(keysOf(index, 'q'.repeat(200_000), sees)[0]).toBe('odd.blob')
  expect(keysOf(index, 'q'.repeat(70), sees)[0]).toBe('odd.blob')
})
