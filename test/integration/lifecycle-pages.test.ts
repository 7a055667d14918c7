import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lifecyclePages, pagesFolder } from '../../scripts/lifecycle-pages.ts'

test('the pages of lives are made from the tables as they are; run node scripts/lifecycle-pages.ts', async () => {
  const pages = await lifecyclePages()
  const written = existsSync(pagesFolder) ? readdirSync(pagesFolder) : []
  expect(written.toSorted()).toEqual([...pages.keys()].toSorted())
  for (const [name, text] of pages) expect(readFileSync(join(pagesFolder, name), 'utf8')).toBe(text)
})
