import { expect, test } from 'vitest'
import { answerPresentation, decisionOfKey, leftOf } from '../../../../renderer/pages/relay/approvals/waiting.ts'
import { askedFirst, holds, pinned, savingOf } from '../../../../renderer/pages/relay/search/tool-choice.ts'
import { sessionPolicy } from '../../../../server/relay/contract/parts.ts'

const tool = { upstreamId: 'up_0123456789ab', toolName: 'delete_container' }
const item = { upstream: 'up_0123456789ab', name: 'delete_container' }

test('a tool is pinned once, and unpinned', () => {
  const once = pinned(pinned(sessionPolicy.parse({}), tool, true), tool, true)
  expect(once.pinned).toEqual([item])
  expect(holds(once.pinned, tool)).toBe(true)
  expect(pinned(once, tool, false).pinned).toEqual([])
})

test('a tool that is asked about is no longer always allowed, and the other way round', () => {
  const asked = askedFirst(sessionPolicy.parse({ approvals: { always: [item] } }), tool, true)
  expect(asked.approvals).toMatchObject({ tools: [item], always: [] })
  expect(askedFirst(asked, tool, false).approvals).toMatchObject({ tools: [], always: [item] })
})

test('what is saved is counted in tokens and per cent, and never below none', () => {
  expect(savingOf({ all: 96_400, search: 1_180 })).toEqual({ tokens: 95_220, percent: 98.8 })
  expect(savingOf({ all: 100, search: 400 })).toEqual({ tokens: 0, percent: 0 })
  expect(savingOf({ all: 0, search: 400 })).toEqual({ tokens: 0, percent: 0 })
})

test('a call is answered by its letters alone, not by a held key or a shortcut of the window', () => {
  const press = (key: string, more: object = {}) =>
    decisionOfKey({ key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, ...more })
  expect([press('y'), press('A'), press('n'), press('x')]).toEqual(['once', 'always', 'refuse', null])
  expect([press('a', { ctrlKey: true }), press('y', { repeat: true })]).toEqual([null, null])
})

test('the time that is left and the answers are shown in words', () => {
  expect([leftOf(42_000, 0), leftOf(61_200, 0), leftOf(0, 5_000)]).toEqual(['0:42', '1:02', '0:00'])
  expect(answerPresentation({ outcome: 'once', actor: 'owner' })).toEqual({ tone: 'good', text: 'Allowed once, by you' })
  expect(answerPresentation({ outcome: 'refuse', actor: 'key:ci' }).text).toBe('Refused by key ci')
  expect(answerPresentation({ outcome: 'late', actor: 'system' }).tone).toBe('off')
})
