/** What a report of a bot says, and what it never does. */
import { expect, test } from 'vitest'
import { shapeOf } from '../../../../server/bots/engine/baileys/trail.ts'
import { Trail, withoutFacts } from '../../../../server/bots/trail/trail.ts'

test('a shape is counted, with when it was seen first and last', () => {
  let now = Date.parse('2026-11-27T09:00:00Z')
  const trail = new Trail({ now: () => now })
  trail.note('close 428')
  now += 60_000
  trail.note('close 428')
  trail.note('open')
  expect(trail.list()).toEqual([
    { what: 'close 428', times: 2, first: '2026-11-27T09:00:00.000Z', last: '2026-11-27T09:01:00.000Z' },
    { what: 'open', times: 1, first: '2026-11-27T09:01:00.000Z', last: '2026-11-27T09:01:00.000Z' },
  ])
})

test('a network that invents shapes does not fill the memory, and how many there were beyond is said', () => {
  const trail = new Trail({ now: () => 0 })
  for (let index = 0; index < 700; index += 1) trail.note(`shape ${index}`)
  expect(trail.list().length).toBe(500)
  expect(trail.more).toBe(200)
})

test.each([
  ['Connection lost (428): 15550100142@s.whatsapp.net', 'Connection lost (428): …@…'],
  ['This number is linked here already, as +1 555 010 0142', 'This number is linked here already, as …'],
  ['group 120363000000000171@g.us, device 15550100142:7@s.whatsapp.net', 'group …@…, device …@…'],
  ['https://hooks.example.com/T0/secret was not called', 'https://… was not called'],
  ['content interactiveResponseMessage senderKeyDistributionMessage', 'content interactiveResponseMessage senderKeyDistributionMessage'],
  ['message 3EB0A1B2C3D4E5F6A7B8C9D0E1 was refused (463)', 'message … was refused (463)'],
])('%s is told without whom it is about', (text, told) => {
  expect(withoutFacts(text)).toBe(told)
})

test('of a stanza only what the protocol knows is kept: no ids, no names, no contents', () => {
  const attrs = {
    from: '15550100142@s.whatsapp.net',
    id: '3EB0A1',
    type: 'w:gp2',
    notify: 'Ann',
    participant: '987@lid',
    t: '1764200000',
    error: '463',
  }
  const content = [
    { tag: 'subject', attrs: { subject: 'Yard sale' }, content: 'Yard sale' },
    { tag: 'participant', attrs: {}, content: [] },
    { tag: 'participant', attrs: {}, content: [] },
  ]
  expect(shapeOf({ tag: 'notification', attrs, content })).toBe('notification type=w:gp2 error=463 > participant subject')
  expect(shapeOf({ tag: 'message', attrs: { type: 'Ann and Bob', error: '15550100142' } })).toBe('message')
})
