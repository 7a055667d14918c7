import { describe, expect, it } from 'vitest'
import {
  freeName,
  kindOfOutput,
  missingIn,
  outputAs,
  renamed,
  selectorOfOutput,
  withPickedColumn,
} from '../../../../../renderer/pages/browsers/sites/operation-output.ts'

const cell = (at: string, head: string, text: string) => ({
  ...{ selectors: [], box: null, text },
  row: { selector: '#holds tr', cell: at, head },
})

describe('what an operation answers with', () => {
  it('changes its kind and keeps its place', () => {
    for (const kind of ['text', 'list', 'table', 'file'] as const) {
      const read = outputAs(kind, '#holds', {})
      expect([kindOfOutput(read), selectorOfOutput(read)]).toEqual([kind, '#holds'])
    }
  })

  it('gets a column for each cell that is picked, named by its head, as a number where it shows one', () => {
    const first = withPickedColumn('', cell('td:nth-child(2)', 'Container', 'TGBU7264059'))
    const second = withPickedColumn(first, cell('.fee', 'Fees, USD', '185.00'))
    const columns = { container: { cell: 'td:nth-child(2)', kind: 'text' }, fees_usd: { cell: '.fee', kind: 'number' } }
    expect(second).toEqual({ table: '#holds tr', columns })
    expect(withPickedColumn(second, cell('.fee', 'Fees, USD', '92.50'))).toEqual(second)
  })

  it('says what is missing, and gives names that are free', () => {
    expect([missingIn(''), missingIn({ table: 'tr', columns: {} }), missingIn('h1')]).toEqual([
      'say what it reads',
      'a table has columns',
      null,
    ])
    expect([freeName('Größe', []), freeName('', ['a']), freeName('Fee', ['fee'])]).toEqual(['gr_e', 'column_2', 'fee_2'])
    expect(Object.keys(renamed({ a: 1, b: 2, c: 3 }, 'b', 'x'))).toEqual(['a', 'x', 'c'])
  })
})
