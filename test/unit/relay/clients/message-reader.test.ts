/** Only so many bytes of large messages are under way at a time. */
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { MessageReader } from '../../../../server/relay/clients/message-reader.ts'

const mebibyte = 1_048_576

/** A request that has announced its size, and what it is answered. */
function exchange(size: number, body?: string) {
  const stream = new PassThrough()
  if (body !== undefined) stream.end(body)
  const answered = { status: 0 }
  const response = Object.assign(new EventEmitter(), { writeHead: (status: number) => (answered.status = status), end: () => undefined })
  return {
    request: Object.assign(stream, { headers: { 'content-length': String(size) } }) as unknown as IncomingMessage,
    response: response as unknown as ServerResponse,
    answered,
  }
}

test('large requests beyond what memory is meant for are asked to come again, small ones are read all the same', async () => {
  const reader = new MessageReader(() => 4 * mebibyte)
  const underWay = Array.from({ length: 8 }, () => exchange(4 * mebibyte))
  for (const { request, response } of underWay) reader.read(request, response).catch(() => undefined)
  const late = exchange(2 * mebibyte)
  expect(await reader.read(late.request, late.response)).toBeNull()
  expect(late.answered.status).toBe(503)
  const small = exchange(2, '{}')
  expect(await reader.read(small.request, small.response)).toEqual({ body: {} })
  underWay[0]?.response.emit('close')
  const text = JSON.stringify('x'.repeat(2 * mebibyte))
  const next = exchange(text.length, text)
  expect(await reader.read(next.request, next.response)).toEqual({ body: JSON.parse(text) })
})
