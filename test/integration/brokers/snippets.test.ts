/** The programs that the window offers for copying, run as they are. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { connectSnippet, type ClientKind } from '../../../renderer/pages/brokers/connect-snippets.ts'
import { FrameClient, openBrokers } from '../../fakes/broker-house.ts'
import { until } from '../../fakes/kernel.ts'

const root = join(import.meta.dirname, '..', '..', '..')

it.each([
  ['Node', 'orders/created'],
  ['MQTT', 'orders/#'],
] as const)('connects with the %s program, receives and acknowledges', async (kind: ClientKind, topic) => {
  const house = await openBrokers()
  const session = await house.createSession()
  const code = connectSnippet(kind, { url: house.url.replace('http', 'ws'), name: session.sessionName })
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: root,
    env: { ...process.env, BROKER_PASSWORD: session.password },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
  const facts = async (): Promise<{ clients: { topics: string[] }[]; session: { queued: number } }> =>
    (await house.call(`/v1/sessions/${session.sessionName}`)).body as never
  await until('it has subscribed', async () => (await facts()).clients.some(({ topics }) => topics.includes(topic)))
  const writer = await FrameClient.join(house.url, session)
  writer.publish('orders/created', 'm1', 'Order 7')
  expect(await writer.next('publish_response')).toMatchObject({ deliveredTo: 1 })
  await until('it has printed it', () => output.includes('orders/created Order 7'))
  await until('it has acknowledged it', async () => (await facts()).session.queued === 0)
})
