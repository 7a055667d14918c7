/** The control API on a machine where ports go fast: it answers somewhere, whatever is taken while it looks. */
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { defaultSettings, settingsSchema } from '../../../server/config/settings.ts'
import { merge } from '../../../server/config/paths.ts'
import { ApiHost } from '../../../server/http/api-host.ts'
import { implement } from '../../../server/http/api.ts'
import { defineContract } from '../../../server/http/contract.ts'
import { Guards } from '../../../server/http/guards.ts'
import { LazyApi } from '../../../server/http/lazy-api.ts'
import { createAddressSet } from '../../../server/http/network.ts'
import { createLog } from '../../../server/log.ts'
import { noAuthority } from '../../fakes/served-api.ts'
import { reservedPort } from '../../fixtures/ports.ts'

const control = implement(
  defineContract({
    api: 'control',
    title: '',
    version: '1.0.0',
    description: '',
    routes: {},
    faults: {},
    errorSchema: z.unknown(),
    errorBody: ({ message: text }) => ({ text }),
  }),
  {},
)

/** Takes the port from now on. */
function take(port: number): Promise<void> {
  const other = createServer()
  onTestFinished(() => void other.close())
  return new Promise((resolve, reject) => other.once('error', reject).listen({ host: '127.0.0.1', port }, resolve))
}

test('a port that is taken between the look and the start is passed over', async () => {
  // Those after it too: it is there that control looks, and no other test is given them.
  const [port] = [await reservedPort(), await reservedPort(), await reservedPort()]
  await take(port)
  const settings = settingsSchema.parse(merge(defaultSettings, { apis: { control: { port } } }))
  let stolen: { port: number; taken: Promise<void> } | null = null
  const host: ApiHost = new ApiHost({
    apis: [{ name: 'control', api: new LazyApi(() => Promise.resolve(control)) }],
    guards: new Guards({ authority: noAuthority, ownOrigins: () => [], isTrustedProxy: createAddressSet(() => []) }),
    host: '127.0.0.1',
    settings: () => settings,
    windowFiles: null,
    log: createLog('silent'),
    checkReplies: false,
    newRequestId: () => 'id',
    monotonic: () => 0,
    opened: () => () => undefined,
    onChange() {
      const { status } = host.served('control')
      // It has found the port free, and does not listen there yet.
      if (status.state === 'starting' && status.port !== port) stolen ??= { port: status.port, taken: take(status.port) }
    },
  })
  onTestFinished(() => host.stop())
  await host.startApi('control')
  const { port: passedOver = 0, taken } = stolen ?? expect.fail('it looked for no other port')
  await taken
  const url = new URL(host.url('control'))
  expect(Number(url.port)).toBeGreaterThan(passedOver)
  expect(host.served('control').status).toMatchObject({ state: 'port-in-use', error: expect.stringContaining(`answers on ${url.port}`) })
  expect((await fetch(url)).status).toBe(404)
})
