import { expect, test } from 'vitest'
import { priceOf, settledText, whereOf } from '../../../../renderer/pages/relay/relay-presentation.ts'
import { limitOf, linesOfRenames, renamesOf, toolChoices, toolOfValue } from '../../../../renderer/pages/relay/session-form.ts'
import { lastMonths, monthName, sumOf, topTools } from '../../../../renderer/pages/relay/usage.ts'

test('a limit is a whole number or none', () => {
  expect([limitOf(''), limitOf(' '), limitOf('0'), limitOf('12')]).toEqual([null, null, 0, 12])
  for (const wrong of ['-1', '1.5', 'many']) expect(() => limitOf(wrong)).toThrow('whole number')
})

test('new names survive being shown and read again', () => {
  const servers = [{ id: 'up_0123456789ab', name: 'files' }]
  const renames = [
    { kind: 'tool' as const, upstream: 'up_0123456789ab', name: 'read/all', as: 'read' },
    { kind: 'prompt' as const, upstream: 'up_0123456789ab', name: 'greet', as: 'hello' },
  ]
  expect(linesOfRenames(renames, servers)).toBe('files/read/all = read\nprompt files/greet = hello')
  expect(renamesOf(linesOfRenames(renames, servers), servers)).toEqual(renames)
  expect(() => renamesOf('elsewhere/read = read', servers)).toThrow('is not server/tool')
})

test('tools are offered by their server, and chosen by server and name', () => {
  const server = (id: string, tool: string, more: object = {}) =>
    ({ id, name: id, enabled: true, transport: 'stdio' as const, toolList: [{ name: tool }], ...more }) as Parameters<
      typeof toolChoices
    >[0][number]
  const servers = [
    server('files', 'read'),
    server('memory', 'read'),
    server('off', 'read', { enabled: false }),
    server('wheelhouse', 'bots_list', { transport: 'built-in' }),
  ]
  const labels = (chosen: string[]) => toolChoices(servers, chosen).map(({ label }) => label)
  expect(labels([])).toEqual(['files · read', 'memory · read'])
  expect(labels(['files'])).toEqual(['read'])
  expect(labels(['files', 'wheelhouse'])).toEqual(['files · read', 'wheelhouse · bots_list'])
  expect(toolOfValue(toolChoices(servers, ['files'])[0]?.value ?? '')).toEqual({ upstream: 'files', name: 'read' })
})

test('months follow each other over the end of a year, and sums are by what is asked', () => {
  expect(lastMonths(new Date('2026-02-10T00:00:00Z'), 4)).toEqual(['2025-11', '2025-12', '2026-01', '2026-02'])
  expect(monthName('2026-02')).toBe('February 2026')
  const row = (tool: string, calls: number, credits: number) => ({
    accountId: 'ann',
    month: '2026-02',
    upstream: 's',
    tool,
    calls,
    failed: 0,
    credits,
  })
  const rows = [row('cheap', 9, 1), row('dear', 1, 20)]
  expect([sumOf(rows, 'calls'), sumOf(rows, 'credits')]).toEqual([10, 21])
  expect([topTools(rows, 'calls')[0]?.tool, topTools(rows, 'credits')[0]?.tool]).toEqual(['cheap', 'dear'])
})

test('a call says what became of the credits held for it', () => {
  expect(settledText({ state: 'succeeded', price: 3, credits: 3 })).toBe('Reserved 3 cr, settled 3 cr')
  expect(settledText({ state: 'failed', price: 3, credits: 0 })).toBe('Reserved 3 cr, released')
  expect(settledText({ state: 'succeeded', price: 0, credits: 0 })).toBe('Free')
  expect([
    priceOf({ state: 'refused', credits: 0, error: 'credits' }),
    priceOf({ state: 'refused', credits: 0, error: 'rate' }),
    priceOf({ state: 'succeeded', credits: 2, error: null }),
  ]).toEqual(['402', '429', '2 cr'])
})

test('a program is named by the end of its path', () => {
  expect(
    whereOf({
      transport: 'stdio',
      command: '/usr/bin/node',
      args: ['/home/someone/apps/node_modules/server-memory/dist/index.js', './inbox'],
      url: null,
    }),
  ).toBe('node …/server-memory/dist/index.js ./inbox')
})
