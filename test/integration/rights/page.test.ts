import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rightsPage } from '../../../scripts/rights-page.ts'
import { botTools } from '../../../server/tools/bots/index.ts'
import { brokerTools } from '../../../server/tools/brokers/index.ts'
import { browserTools } from '../../../server/tools/browsers/index.ts'
import { loginTools } from '../../../server/tools/logins.ts'

test('the page of rights is made from the routes as they are; run node scripts/rights-page.ts', () => {
  expect(readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'rights.md'), 'utf8')).toBe(rightsPage())
})

test('the rights of Wheelhouse’s own tools are those the page tells', () => {
  // Nothing is run: only what the tools say of themselves is read.
  const nothing = {} as never
  const found = new Set(
    [...browserTools(nothing), ...brokerTools(nothing), ...botTools(nothing), ...loginTools(nothing)].map(
      ({ name, right }) => `${name.replace(/s?_.*/, '')} ${right}`,
    ),
  )
  expect([...found].sort()).toEqual(['bot bots:use', 'broker brokers:use', 'browser browsers:use', 'login logins:manage'])
})
