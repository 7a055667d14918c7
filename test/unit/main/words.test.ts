import { expect, test } from 'vitest'
import { startFailure } from '../../../main/words.ts'
import { KernelFault } from '../../../server/fault.ts'

const failure = (error: unknown) => startFailure(error, '/data/wheelhouse').text

test('a fault is told in its own words', () => {
  expect(failure(new KernelFault('data-dir-held', 'Another Wheelhouse uses this folder'))).toBe('Another Wheelhouse uses this folder')
})

test.each([
  ['EACCES', 'not allowed'],
  ['EROFS', 'read-only'],
  ['ENOSPC', 'full'],
])('%s names the folder and what is wrong with it', (code, words) => {
  const text = failure(Object.assign(new Error(`${code}: open '/data/wheelhouse/x'`), { code }))
  expect(text).toContain('/data/wheelhouse')
  expect(text).toContain(words)
  expect(text).not.toContain(code)
})
