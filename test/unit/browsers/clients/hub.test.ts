/** A browser's hub at a pipe whose other end only says what a test needs. */
import { expect, it } from 'vitest'
import { CdpHub } from '../../../../server/browsers/clients/hub.ts'
import type { PipeTransport } from '../../../../server/browsers/process/pipe.ts'

it('a page that is closed counts no more among those that a program may have', async () => {
  const told: { id?: number; error?: { message: string } }[] = []
  let opened = 0
  const pipe: PipeTransport = {
    unsent: 0,
    close: () => undefined,
    send: (text) => {
      const { id, method } = JSON.parse(text)
      if (method === 'Target.createTarget') opened += 1
      const result = method === 'Target.createTarget' ? { targetId: `page${opened}` } : { sessionId: `session${id}` }
      queueMicrotask(() => say({ id, result }))
    },
  }
  const hub = new CdpHub(pipe)
  const client = await hub.attach(
    { mayNameFiles: false, isDriven: () => false, deliver: (message) => told.push(JSON.parse(String(message))), closed: () => undefined },
    null,
  )
  const open = (id: number): void => client.receive(JSON.stringify({ id, method: 'Target.createTarget', params: { url: 'about:blank' } }))
  for (let id = 1; id <= 51; id += 1) {
    open(id)
    await Promise.resolve()
  }
  expect(told.filter(({ error }) => error !== undefined)).toMatchObject([
    { id: 51, error: { message: expect.stringContaining('50 pages') } },
  ])
  say({ method: 'Target.targetDestroyed', params: { targetId: 'page7' } })
  open(52)
  await Promise.resolve()
  expect(told.at(-1)).toMatchObject({ id: 52, result: { targetId: 'page51' } })

  function say(message: object): void {
    const bytes = Buffer.from(JSON.stringify(message))
    if (pipe.divert?.(bytes) !== true) pipe.onmessage?.(bytes.toString())
  }
})
