import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { nextFreePort } from '../../../server/http/network.ts'

test('the next free port skips one that is taken', async () => {
  const taken = createServer()
  const port = await new Promise<number>((resolve) =>
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port)),
  )
  const free = await nextFreePort('127.0.0.1', port - 1)
  taken.close()
  expect(free).toBeGreaterThan(port)
})
