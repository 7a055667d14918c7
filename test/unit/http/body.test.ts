import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nestingOf } from '../../../server/http/body.ts'

test('nesting counts brackets outside strings only', () => {
  expect(nestingOf('{"a":[1,{"b":"}]][[{{"}]}')).toBe(3)
  expect(nestingOf('"\\"[[[["')).toBe(0)
  expect(nestingOf('[]')).toBe(1)
  expect(nestingOf('')).toBe(0)
})

test('nesting of any JSON value is the depth of the value', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
  fc.assert(fc.property(fc.jsonValue(), (value) => nestingOf(JSON.stringify(value)) === depthOf(value)))
})
