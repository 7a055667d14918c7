import { expect, test } from 'vitest'
import { ruleMatch, type RuleMatch } from '../../../../server/bots/contract/native/rules.ts'
import type { Message } from '../../../../server/bots/engine/message.ts'
import { answeredIn, fillTemplate, isMeant, unknownPlaceholder } from '../../../../server/bots/rules/match.ts'
import { textMatcher } from '../../../../server/text-match.ts'

const message: Message = {
  id: 'A1',
  chat: '15550100011@s.whatsapp.net',
  author: '15550100011@s.whatsapp.net',
  authorName: 'Ann',
  fromMe: false,
  at: 0,
  kind: 'text',
  text: 'Order 17, please',
  details: {},
  quoted: null,
  reactsTo: null,
}
const inGroup: Message = { ...message, chat: '120363000000000001@g.us' }
const match = (wanted: object): RuleMatch => ruleMatch.parse(wanted)
const catches = async (text: object, given: string) => (await textMatcher(match({ text }).text))(given)

test.each([
  [{ how: 'contains', value: 'ORDER' }, 'my order is late', true],
  [{ how: 'contains', value: 'ORDER', caseSensitive: true }, 'my order is late', false],
  [{ how: 'equals', value: 'stop' }, ' Stop ', true],
  [{ how: 'equals', value: 'stop' }, 'stop it', false],
  [{ how: 'starts', value: '/help' }, '/help me', true],
  [{ how: 'starts', value: '/help' }, 'no /help', false],
  [{ how: 'contains', value: 'caf\u00e9' }, 'cafe\u0301 at nine', true],
  [{ how: 'regex', value: '^order (\\d+)' }, 'Order 17', true],
  [{ how: 'regex', value: '^order (\\d+)', caseSensitive: true }, 'Order 17', false],
])('%o and %j: %s', async (text, given, holds) => expect((await catches(text, given)) !== null).toBe(holds))

test('a pattern that takes other engines years comes to an end', async () => {
  expect(await catches({ how: 'regex', value: '^(a+)+$' }, `${'a'.repeat(10_000)}!`)).toBe(null)
})

test('a pattern that is none is refused in its own words', async () => {
  await expect(textMatcher(match({ text: { how: 'regex', value: '(a' } }).text)).rejects.toThrow(/missing/)
  await expect(textMatcher(match({ text: { how: 'regex', value: '(?=a)' } }).text)).rejects.toThrow(SyntaxError)
})

test('a template made to be hard to read is read as quickly as any other', () => {
  const template = `{{${' '.repeat(1_000_000)}x {{ name }}`
  const definition = { match: match({}), action: { type: 'reply' as const, template, quote: false } }
  expect(unknownPlaceholder(definition)).toBe(null)
  expect(fillTemplate(template, message, [], new Date(0)).endsWith('x Ann')).toBe(true)
})

test('place, chat, sender and kind each narrow a rule', () => {
  const cases: [object, Message, boolean][] = [
    [{}, message, true],
    [{}, { ...message, kind: 'unreadable' }, false],
    [{ where: 'groups' }, message, false],
    [{ where: 'groups' }, inGroup, true],
    [{ where: 'people' }, inGroup, false],
    [{ kinds: ['image', 'video'] }, message, false],
    [{ kinds: ['text'] }, message, true],
    [{ chats: ['15550100011'] }, message, true],
    [{ chats: ['15550100011'] }, inGroup, false],
    [{ chats: ['120363000000000001@g.us'] }, inGroup, true],
    [{ senders: ['15550100011'] }, inGroup, true],
    [{ senders: ['15550100012'] }, inGroup, false],
  ]
  for (const [wanted, given, holds] of cases) expect(isMeant(match(wanted), given), JSON.stringify(wanted)).toBe(holds)
})

test.each([
  ['broadcasts', '1700000000@broadcast', message.author],
  ['status', 'status@broadcast', message.author],
  ['channels', '120363000000000009@newsletter', '120363000000000009@newsletter'],
])('what is said in %s is meant by rules that name it alone, and answered where an answer belongs', (where, chat, to) => {
  const given = { ...message, chat }
  expect([{}, { where: 'people' }, { where: 'groups' }, { where }].map((wanted) => isMeant(match(wanted), given))).toEqual([
    ...[false, false, false, true],
  ])
  expect(answeredIn(given)).toBe(to)
})

test('a template says who wrote what and when, and reads nothing into what they wrote', () => {
  const now = new Date(2026, 10, 5, 9, 7)
  const fill = (template: string, given = message) => fillTemplate(template, given, ['Order 17', '17'], now)
  expect(fill('Hello {{name}} ({{ number }}), order {{1}} at {{time}} on {{date}}')).toBe(
    'Hello Ann (15550100011), order 17 at 09:07 on 2026-11-05',
  )
  expect(fill('You wrote: {{text}}', { ...message, text: '{{number}} $& $1' })).toBe('You wrote: {{number}} $& $1')
  expect(fill('Hello {{name}}', { ...message, authorName: null })).toBe('Hello 15550100011')
})

test('placeholders that nobody knows are found before they are sent', () => {
  const unknown = (template: string, how = 'regex') =>
    unknownPlaceholder({ match: match({ text: { how, value: 'a' } }), action: { type: 'reply', template, quote: false } })
  expect(unknown('{{name}} {{1}}')).toBe(null)
  expect(unknown('{{1}}', 'contains')).toBe('1')
  expect(unknown('{{nmae}}')).toBe('nmae')
})
