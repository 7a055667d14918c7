import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorsPage } from '../../scripts/errors-page.ts'

test('the page of errors is made from the tables of faults as they are; run node scripts/errors-page.ts', () => {
  expect(readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), 'utf8')).toBe(errorsPage())
})
