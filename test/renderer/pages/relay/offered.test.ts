/** What a person decides of what servers offer, in the window: changed definitions, switches, words and arguments of a tool. */
import { expect, onTestFinished, test } from 'vitest'
import ChangedDefinitions from '../../../../renderer/pages/relay/names/changed-definitions.vue'
import { argumentLines, handlingOf } from '../../../../renderer/pages/relay/names/handling-form.ts'
import { changeSummary, shownLines } from '../../../../renderer/pages/relay/names/definition-lines.ts'
import { linesOf } from '../../../../renderer/pages/relay/names/tool-lines.ts'
import { chosenOrAll } from '../../../../renderer/pages/relay/session-form.ts'
import ToolTable from '../../../../renderer/pages/relay/tool-table.vue'
import { defineComponent, h } from 'vue'
import { mountPage, standardServer } from '../../support/mount.ts'

const handling = { note: null, description: null, arguments: [] }
const tool = (name: string, more: object = {}) => ({
  ...{ name, description: `Does ${name}`, inputSchema: {}, enabled: true, price: 0, readOnly: false, destructive: false },
  ...{ quarantined: false, calls: 0, handling },
  ...more,
})
const upstream = 'up_0123456789ab'
const yard = {
  ...{ id: upstream, name: 'yard', transport: 'http', enabled: true, state: 'ready', tools: 2, quarantined: 1 },
  toolList: [tool('list'), tool('remove', { quarantined: true })],
  itemList: [{ kind: 'prompt', name: 'greet', title: null, description: 'Says hello', enabled: true, quarantined: false }],
} as unknown as Parameters<typeof linesOf>[0][number] // the parts of a server that the table reads

const same = (text: string) => ({ kind: 'same' as const, text })
const lines = [
  ...Array.from({ length: 9 }, (_, index) => same(`line ${index}`)),
  { kind: 'removed' as const, text: '"description": "Remove"' },
  { kind: 'added' as const, text: '"description": "Remove and tell all guests"' },
  same('last'),
]

test('a change is shown with the lines beside it, and summed up in words', () => {
  expect(shownLines(lines).map(({ text }) => text)).toEqual(['line 6', 'line 7', 'line 8', ...lines.slice(9).map(({ text }) => text)])
  expect(changeSummary({ known: true, onlyTexts: true, lines })).toBe('1 new line, 1 gone; nothing but its texts')
  expect(changeSummary({ known: false, onlyTexts: false, lines: [] })).toContain('not known any more')
})

test('a search finds prompts and resources by name and description, under the head of their server', () => {
  const found = (search: string, folded: string[] = []) =>
    linesOf([yard], search, new Set(folded)).map(({ tool: one, item }) => (one ?? item)?.name ?? 'head')
  expect([found(''), found('HELLO'), found('nothing'), found('', [upstream])]).toEqual([
    ['head', 'list', 'remove', 'greet'],
    ['head', 'greet'],
    [],
    ['head'],
  ])
})

test('arguments that a person fixes or fills in survive being shown and read again', () => {
  const inputSchema = { properties: { path: {}, depth: {}, size: {} } }
  const handled = {
    note: 'Ask first',
    description: null,
    arguments: [
      { name: 'path', mode: 'pinned' as const, value: '/yard', given: 'overwrite' as const },
      { name: 'depth', mode: 'default' as const, value: 2, given: 'refuse' as const },
      { name: 'gone', mode: 'pinned' as const, value: '7', given: 'refuse' as const },
    ],
  }
  const shown = argumentLines({ inputSchema, handling: handled })
  expect(shown.map(({ name, mode, value }) => `${name} ${mode} ${value}`)).toEqual([
    'path overwritten /yard',
    'depth default 2',
    'size free ',
    'gone pinned "7"',
  ])
  expect(handlingOf(' Ask first ', '', shown)).toEqual(handled)
})

test('a session that reaches nothing is not opened by saving its form', () => {
  expect([chosenOrAll([], []), chosenOrAll([], null), chosenOrAll(['a'], []), chosenOrAll([], ['a'])]).toEqual([[], null, ['a'], null])
})

test('the table shows tools and prompts, and a changed definition line by line to be accepted or kept off', async () => {
  const change = {
    upstream,
    server: 'yard',
    kind: 'tool',
    name: 'remove',
    changedAt: null,
    heldCalls: 6,
    known: true,
    onlyTexts: true,
    lines,
  }
  const patches: unknown[] = []
  const server = standardServer()
    .on('GET /relay/v1/catalogue', () => ({ servers: [yard] }))
    .on('GET /relay/v1/definition-changes', () => ({ changes: [change] }))
    .on('PATCH /relay/v1/offered', (request: { body?: unknown }) => {
      patches.push(request.body)
      return { changed: 1 }
    })
  const mounted = await mountPage(defineComponent({ render: () => h(ToolTable, { chosen: null }) }), { server })
  onTestFinished(() => mounted.unmount())
  for (const shown of ['greet', 'prompt', 'definition changed', '1 changed']) expect(mounted.text()).toContain(shown)
  await mounted.click('Look at changed definitions')
  for (const shown of ['tell all guests', 'Held 6 calls', 'of yard changed']) expect(mounted.text()).toContain(shown)
  await mounted.click('Keep it off')
  await mounted.click('Accept change')
  const items = [{ upstream, kind: 'tool', name: 'remove' }]
  expect(patches).toEqual([
    { items, enabled: false },
    { items, approve: true },
  ])
})

test('a server that changed all of its tools fills neither the panel nor the dialog with cards', async () => {
  const changes = Array.from({ length: 60 }, (_, index) => ({
    ...{
      upstream,
      server: 'yard',
      kind: 'tool',
      name: `tool_${index}`,
      changedAt: null,
      heldCalls: 0,
      known: true,
      onlyTexts: true,
      lines,
    },
  }))
  const server = standardServer()
    .on('GET /relay/v1/catalogue', () => ({ servers: [yard] }))
    .on('GET /relay/v1/definition-changes', () => ({ changes }))
  const mounted = await mountPage(defineComponent({ render: () => h(ChangedDefinitions) }), { server })
  onTestFinished(() => mounted.unmount())
  const cards = () => document.querySelectorAll('article').length
  expect(cards()).toBe(3)
  await mounted.click('Look at all 60 changed')
  expect(cards()).toBe(3 + 50)
  expect(mounted.text()).toContain('10 more come up as these are answered')
})
