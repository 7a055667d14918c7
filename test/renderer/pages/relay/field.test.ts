import { expect, test } from 'vitest'
import { originsOf } from '../../../../renderer/pages/relay/field/origins.ts'

test('origins are taken as they are pasted, one a line, and what is none is named', () => {
  expect(originsOf('https://Studio.example.com/\n\n chrome-extension://abc ')).toEqual([
    'https://studio.example.com',
    'chrome-extension://abc',
  ])
  for (const wrong of ['*', 'studio.example.com', 'https://studio.example.com/page']) expect(() => originsOf(wrong)).toThrow(wrong)
})
