import { expect, test } from 'vitest'
import { botEventTypes } from '../../../../server/bots/contract/native/event-types.ts'
import { botEvent } from '../../../../server/bots/contract/native/events.ts'
import { aboutOf } from '../../../../server/bots/webhooks/about.ts'
import { sampleOf } from '../../../../server/bots/webhooks/samples.ts'

test.each(botEventTypes)('the sample of %s is an event as it is sent', (type) => {
  const sample = sampleOf(type, 'gate', Date.parse('2026-01-02T03:04:05.678Z'))
  expect(botEvent.parse(sample)).toMatchObject({ type, userId: 'gate' })
})

test('the sample of a message says who wrote what', () => {
  expect(sampleOf('message', 'gate', 0)).toMatchObject({
    message: { authorName: 'Ann', text: expect.stringContaining('sample'), quoted: null },
  })
})

test('an event is about its chat and the kind of it, or about the account', () => {
  const message = sampleOf('message', 'gate', 0)
  expect(aboutOf(message)).toEqual({ key: '15550100011@s.whatsapp.net', kind: 'people' })
  const group = {
    ...message,
    message: { ...(message.type === 'message' ? message.message : expect.fail()), chat: '120363040000000001@g.us' },
  }
  expect(aboutOf(group as typeof message)).toEqual({ key: '120363040000000001@g.us', kind: 'groups' })
  expect(aboutOf(sampleOf('group', 'gate', 0))).toEqual({ key: '120363040000000001@g.us', kind: 'groups' })
  expect(aboutOf(sampleOf('call', 'gate', 0)).kind).toBe('people')
  expect(aboutOf(sampleOf('channel', 'gate', 0)).kind).toBe('channels')
  expect(aboutOf(sampleOf('state', 'gate', 0))).toEqual({ key: 'gate', kind: null })
})
