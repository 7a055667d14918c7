/** The receivers of `examples/webhooks` are called for real. Python, PHP and Go are no part of the project: where they are is by hand. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../server/clock.ts'
import { createWebhooks } from '../../../server/events/webhooks/webhooks.ts'
import { Egress } from '../../../server/http/egress.ts'
import { createSealer } from '../../../server/secrets/seal.ts'
import { openDatabase } from '../../../server/store/database.ts'
import { migrate } from '../../../server/store/migrate.ts'
import { testLog } from '../../fakes/kernel.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { loopbackAllowed } from '../../fixtures/loopback.ts'

const examples = join(import.meta.dirname, '../../../examples/webhooks')
/** How each is run, for `WEBHOOK_RECEIVER=python`; a Python or PHP that happens to be here proves nothing elsewhere. */
const programs: Readonly<Record<string, (port: string) => [string, ...string[]]>> = {
  node: () => [process.execPath, join(examples, 'receiver.mjs')],
  python: () => ['python3', join(examples, 'receiver.py')],
  php: (port) => ['php', '-S', `127.0.0.1:${port}`, join(examples, 'receiver.php')],
  go: () => ['go', 'run', join(examples, 'receiver.go')],
}
const chosen = process.env['WEBHOOK_RECEIVER'] ?? 'node'

test(`the receiver in ${chosen} takes what is signed with its secret, and nothing else`, async () => {
  const database = openDatabase(':memory:')
  migrate(database)
  const egress = new Egress({ allowedRanges: () => loopbackAllowed.allowedRanges })
  const sealer = createSealer(randomBytes(32))
  const webhooks = createWebhooks({ database, sealer, clock: systemClock, log: testLog(), egress })
  onTestFinished(async () => {
    await webhooks.stop()
    database.close()
  })
  // Any free one, where the receiver says which it has.
  const port = chosen === 'node' ? '0' : '8099'
  const { id, secret } = webhooks.add('bots', 'gate', { url: 'http://127.0.0.1:8099/', types: [] })
  const other = webhooks.add('bots', 'gate', { url: 'http://127.0.0.1:8099/', types: [] })
  const [program, ...args] = programs[chosen]?.(port) ?? expect.fail('no such receiver')
  const receiver = spawn(program, args, {
    env: { ...process.env, WEBHOOK_SECRET: secret, PORT: port },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  let said = ''
  receiver.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = new Promise((resolve) => receiver.once('exit', resolve))
  onTestFinished(async () => {
    // The group: what runs a program may have started it as a child.
    if (receiver.pid !== undefined && receiver.exitCode === null) process.kill(-receiver.pid)
    await ended
  })
  const call = (webhook: string) => webhooks.test('bots', 'gate', webhook, 'message', { text: 'hello — Grüße 🙂' })
  if (chosen === 'node') {
    const [, real = ''] = await eventually('it listens', () => /listening .*port: (\d+)/s.exec(said))
    for (const webhook of [id, other.id]) webhooks.change('bots', 'gate', webhook, { url: `http://127.0.0.1:${real}/` })
  }
  await eventually('it answers', async () => (await call(id)).status !== null)
  expect(await call(id)).toMatchObject({ status: 204, problem: null })
  expect(await call(other.id)).toMatchObject({ status: 401 })
  const { url } = webhooks.list('bots', 'gate')[0] ?? expect.fail('no webhook')
  const unsigned = await fetch(url, { method: 'POST', body: '{"type":"message"}' })
  expect(unsigned.status).toBe(401)
})
