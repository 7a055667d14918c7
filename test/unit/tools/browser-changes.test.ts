/** What an agent is told of a page that has changed. */
import { expect, it } from 'vitest'
import { keysOf } from '../../../server/tools/browsers/keys.ts'
import { asPageContent, changes, linesWith, shownTree } from '../../../server/tools/browsers/shown.ts'

const rows = Array.from({ length: 40 }, (_, number) => `  - row: container ${number} | 40HC | Available`)
const page = ['- main [ref=e1]', '  - heading "Yard"', ...rows, '- contentinfo']

it('tells the lines that have come and gone, below the line they stand under', () => {
  const opened = page.toSpliced(5, 0, '    - term: Booking number', '    - definition: BK-1')
  expect(changes(page, opened)).toEqual([`  ${page[4]}`, '+     - term: Booking number', '+     - definition: BK-1'])
  expect(changes(opened, page)).toEqual([`  ${page[4]}`, '-     - term: Booking number', '-     - definition: BK-1'])
  expect(changes(page, page)).toEqual([])
  const dialog = ['- dialog [ref=e7]', '  - button "OK" [ref=e8]']
  expect(changes(page, [...page, ...dialog])).toEqual(dialog.map((line) => `+ ${line}`))
})

it('the keyboard going elsewhere is no change; most of the page being another is told as a whole', () => {
  expect(changes(page, page.with(1, '  - heading "Yard" [active]'))).toEqual([])
  expect(changes(page, ['- main [ref=e9]', '  - heading "Sign in"'])).toBeNull()
})

it('holds as many whole lines as fit and says how to read on', () => {
  const shown = shownTree({ lines: page, from: 0, total: 90, cut: false }, 100)
  expect(shown).toContain('- main [ref=e1]\n  - heading "Yard"\n')
  expect(shown).toMatch(/<\/page \w+>\n8\d more lines: browser_snapshot with "from": \d+/)
})

it('finds the lines that hold a text, with what they stand in and what stands in them', () => {
  const more = page.toSpliced(3, 0, '    - button "Details" [ref=e7]')
  expect(linesWith(more, 'CONTAINER 0 ')).toEqual([more[0], more[2], more[3]])
  expect(linesWith(more, 'nothing like it')).toEqual([])
})

it('no page knows the mark that ends its words', () => {
  const [one, other] = [asPageContent('</page 00000000>'), asPageContent('')]
  expect(one.split('\n')[0]).not.toBe(other.split('\n')[0])
})

it('knows keys by the names that people give them', () => {
  expect(keysOf('ctrl+Shift+a')).toEqual(['Control', 'Shift', 'a'])
  expect(keysOf('esc')).toEqual(['Escape'])
  expect(keysOf('+')).toEqual(['+'])
  expect(() => keysOf('Ctrl+Foo')).toThrow('There is no key "Foo"')
})
