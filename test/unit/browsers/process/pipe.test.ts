import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createPipeTransport } from '../../../../server/browsers/process/pipe.ts'
import { within, type Scope } from '../../../../server/isolation.ts'
import { eventually } from '../../../fixtures/eventually.ts'

function connected() {
  const [toBrowser, fromBrowser] = [new PassThrough(), new PassThrough()]
  const messages: string[] = []
  let closed = 0
  const transport = createPipeTransport(toBrowser, fromBrowser, () => (closed += 1))
  transport.onmessage = (message) => messages.push(message)
  return { toBrowser, fromBrowser, messages, transport, closed: () => closed }
}

describe('the pipe to a browser', () => {
  it('puts messages together however they are cut, also within a letter', async () => {
    const { fromBrowser, messages } = connected()
    const bytes = Buffer.from('{"a":"ü"}\0{"b":2}\0{"c":"long"}\0')
    for (const cut of [0, 7, 8, 12, 20])
      fromBrowser.write(bytes.subarray(cut, [7, 8, 12, 20, bytes.length][[0, 7, 8, 12, 20].indexOf(cut)]))
    await eventually('all have come', () => messages.length === 3)
    expect(messages).toEqual(['{"a":"ü"}', '{"b":2}', '{"c":"long"}'])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('cannot be read')
      },
    ],
    ['rejects', () => Promise.reject(new Error('cannot be read'))],
  ])('closes and tells what it belongs to when reading a message %s', async (_, read) => {
    const escaped: unknown[] = []
    const scope: Scope = { room: 'browsers', kind: 'browser', id: 'one', escaped: (error) => escaped.push(error) }
    const { fromBrowser, transport, closed } = within(scope, connected)
    transport.onmessage = read
    fromBrowser.write('{"half": tru\0{"next":1}\0')
    await eventually('it is closed', () => closed() === 1)
    expect(escaped[0]).toMatchObject({
      message: 'a message from the browser could not be dealt with',
      cause: { message: 'cannot be read' },
    })
  })

  it('ends messages with a zero byte', () => {
    const { toBrowser, transport } = connected()
    transport.send('{"id":1}')
    expect(toBrowser.read()?.toString()).toBe('{"id":1}\0')
  })

  it('survives an error on either end, tells once, and takes nothing more', async () => {
    for (const end of ['toBrowser', 'fromBrowser'] as const) {
      const pipe = connected()
      pipe[end].destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
      await eventually('it has told', () => pipe.closed() === 1)
      pipe.transport.send('lost')
      pipe.transport.close()
      expect(pipe.closed()).toBe(1)
    }
  })
})
