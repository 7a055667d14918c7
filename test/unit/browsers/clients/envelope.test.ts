import { describe, expect, it } from 'vitest'
import { readdressed, readEnvelope } from '../../../../server/browsers/clients/envelope.ts'

const read = (text: string) => readEnvelope(Buffer.from(text))
const change = (text: string, how: { id?: number; sessionless: boolean }): unknown => {
  const message = Buffer.from(text)
  return JSON.parse(readdressed(message, readEnvelope(message), how).toString())
}

describe('the outside of a message', () => {
  it('tells the id and the session of an answer', () => {
    expect(read('{"id":1000000007,"result":{"a":1},"sessionId":"AB12"}')).toMatchObject({
      id: 1_000_000_007,
      method: null,
      sessionId: 'AB12',
    })
    expect(read('{"id":3,"result":{}}')).toMatchObject({ id: 3, sessionId: null })
  })

  it('tells the name and the session of an event', () => {
    expect(read('{"method":"Page.loadEventFired","params":{"timestamp":1},"sessionId":"AB12"}')).toMatchObject({
      id: null,
      method: 'Page.loadEventFired',
      sessionId: 'AB12',
    })
  })

  it('is not misled by what stands inside', () => {
    const inside = { text: ',"sessionId":"EVIL"}', sessionId: 'INSIDE', list: [{ sessionId: 'DEEP' }] }
    expect(read(JSON.stringify({ id: 5, result: inside })).sessionId).toBeNull()
    expect(read(JSON.stringify({ method: 'Target.detachedFromTarget', params: inside })).sessionId).toBeNull()
    expect(read(JSON.stringify({ id: 5, result: { value: '","sessionId":"EVIL' }, sessionId: 'AB12' })).sessionId).toBe('AB12')
    expect(read(JSON.stringify({ id: 5, result: '\\",\\"sessionId\\":\\"EVIL' })).sessionId).toBeNull()
  })

  it('is read as well when it is built in another order, or with spaces', () => {
    expect(read('{"sessionId":"AB12","method":"A.b","params":{}}')).toMatchObject({ method: 'A.b', sessionId: 'AB12' })
    expect(read('{ "id": 7, "sessionId": "AB12", "result": {} }')).toMatchObject({ id: 7, sessionId: 'AB12' })
    expect(read('{"method":"A.b","sessionId":"AB12","params":{}}')).toMatchObject({ method: 'A.b', sessionId: 'AB12' })
  })

  it('is changed without its inside', () => {
    const inside = { text: 'ü ,"sessionId":"EVIL"}', n: [1, { deep: true }] }
    for (const text of [
      JSON.stringify({ id: 1_000_000_001, result: inside, sessionId: 'AB12' }),
      JSON.stringify({ sessionId: 'AB12', result: inside, id: 1_000_000_001 }),
    ]) {
      expect(change(text, { id: 4, sessionless: true })).toEqual({ id: 4, result: inside })
      expect(change(text, { id: -9_999, sessionless: false })).toEqual({ id: -9_999, result: inside, sessionId: 'AB12' })
    }
    expect(change(JSON.stringify({ method: 'A.b', params: inside, sessionId: 'AB12' }), { sessionless: true })).toEqual({
      method: 'A.b',
      params: inside,
    })
  })
})
