import { describe, expect, it } from 'vitest'
import { actionWords, definitionOf, draftOf, emptyDraft, matchWords, problemsOf } from '../../../../renderer/pages/bots/rules/rule-draft.ts'

const draft = { ...emptyDraft(), name: ' Gate question ', value: 'gate', template: 'Gate 4' }

describe('a rule that is being written', () => {
  it('says what is missing, and asks only for what its action needs', () => {
    expect(Object.keys(problemsOf(emptyDraft()))).toEqual(['name', 'value', 'template'])
    expect(problemsOf(draft)).toEqual({})
    expect(Object.keys(problemsOf({ ...draft, action: 'publish' }))).toEqual(['session', 'topic'])
    expect(Object.keys(problemsOf({ ...draft, how: 'any', value: '', action: 'webhook' }))).toEqual(['webhook'])
  })

  it('takes numbers as people write them, and names the one that is none', () => {
    expect(definitionOf({ ...draft, senders: '+1 555 010 0011; 44 7700 900381' }).match.senders).toEqual(['15550100011', '447700900381'])
    expect(problemsOf({ ...draft, senders: '15550100011, Ann' }).senders).toContain('Ann')
    expect(definitionOf({ ...draft, chats: '120363040000000001@g.us, +1 555 010 0011' }).match.chats).toEqual([
      '120363040000000001@g.us',
      '15550100011',
    ])
  })

  it('comes back from what was saved as it was', () => {
    const saved = definitionOf({
      ...draft,
      how: 'regex',
      value: '^gate (\\d+)',
      kinds: ['text', 'image'],
      where: 'groups',
      senders: '15550100011',
      quote: true,
      perMinute: 9,
      stop: false,
    })
    expect(definitionOf(draftOf(saved))).toEqual(saved)
    expect(saved.name).toBe('Gate question')
  })

  it('reads as a sentence', () => {
    const { match } = definitionOf({ ...draft, where: 'groups', senders: '15550100011' })
    expect(matchWords(match)).toBe('Text has “gate”, in a group, from one number')
    expect(matchWords(definitionOf({ ...draft, how: 'any' }).match)).toBe('Any message')
    expect(matchWords(definitionOf({ ...draft, how: 'any', kinds: ['image'] }).match)).toBe('Of kind image')
    expect(actionWords({ type: 'publish', session: 'orders', topic: 'in' }, () => undefined)).toBe('Publishes to in of orders')
    expect(actionWords({ type: 'webhook', webhook: 'webhook_x' }, () => undefined)).toContain('gone')
  })
})
