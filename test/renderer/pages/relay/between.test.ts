import { expect, test } from 'vitest'
import { betweenOf, cacheable, isAnything, typedBetween } from '../../../../renderer/pages/relay/between/between-form.ts'
import { changeText, orderOf } from '../../../../renderer/pages/relay/between/credits-form.ts'

const policy = {
  redact: { kinds: ['email' as const], patterns: [{ name: 'case', pattern: 'a=b|WH-[0-9]+' }] },
  cap: { bytes: 20_000, tokens: null },
  cache: { tools: [{ upstream: 'up_0123456789ab', name: 'read all' }], seconds: 30, shared: true, price: 'full' as const },
}

test('what stands between survives being shown and typed again', () => {
  expect(betweenOf(typedBetween(policy))).toEqual(policy)
  expect(isAnything(typedBetween(policy))).toBe(true)
  expect(isAnything(typedBetween(undefined))).toBe(false)
  expect(betweenOf(typedBetween(undefined))).toMatchObject({ redact: { kinds: [], patterns: [] }, cap: { bytes: null, tokens: null } })
  expect(() => betweenOf({ ...typedBetween(undefined), patterns: 'WH-[0-9]+' })).toThrow('is not name = pattern')
})

test('only tools that change nothing can be answered from memory', () => {
  const server = {
    id: 'up_1',
    toolList: [
      { name: 'read', readOnly: true },
      { name: 'write', readOnly: false },
    ],
  } as Parameters<typeof cacheable>[0][number]
  const choices = ['read', 'write'].map((name) => ({ label: name, value: `up_1 ${name}` }))
  expect(cacheable([server], choices)).toEqual([choices[0]])
})

test('an order of credits is one of three, and the history says why or how', () => {
  expect(orderOf('take', 5, ' Refund ', 'key')).toEqual({ take: 5, reason: 'Refund', idempotencyKey: 'key' })
  expect(orderOf('set', 0, 'Gone', 'key')).toEqual({ set: 0, reason: 'Gone', idempotencyKey: 'key' })
  for (const wrong of [0, 1.5, Number.NaN]) expect(() => orderOf('add', wrong, 'why', 'key')).toThrow('whole number')
  expect([changeText({ kind: 'opening', reason: null }), changeText({ kind: 'add', reason: 'Paid' })]).toEqual(['Began with', 'Paid'])
})
