/**
 * The Signal library prints sessions with their private keys when a contact begins a new one. A real server prints none of it, on either
 * stream.
 */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSealer } from '../../../server/secrets/seal.ts'
import { readSealingKey } from '../../../server/secrets/sealing-key.ts'
import { openDatabase } from '../../../server/store/database.ts'
import { newDataDir, startServer } from '../../fakes/server-process.ts'
import { connectContact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'

const number = '15550100142'

/** Every secret of the bot's sessions and credentials, from the database. */
async function secretsIn(dataDir: string): Promise<Buffer[]> {
  const key = await readSealingKey(dataDir, undefined)
  const sealer = createSealer(key ?? expect.fail('no sealing key'))
  const database = openDatabase(join(dataDir, 'wheelhouse.db'))
  const rows = database
    .prepare<[], { user_id: string; kind: string; id: string; sealed: Buffer }>(
      "SELECT user_id, kind, id, sealed FROM bot_auth WHERE kind IN ('session', 'creds')",
    )
    .all()
  const found: Buffer[] = []
  const collect = (value: unknown, name: string): void => {
    if (typeof value === 'object' && value !== null)
      for (const [each, inner] of Object.entries(value)) collect(inner, each === 'data' || each === 'key' ? name + each : each)
    else if (typeof value === 'string' && /priv|rootKey|chainKey/i.test(name) && value.length >= 40)
      found.push(Buffer.from(value, 'base64'))
  }
  for (const { user_id: userId, kind, id, sealed } of rows)
    collect(JSON.parse(sealer.open(sealed, `bots:auth:${userId}:${kind}:${id}`).toString()), '')
  database.close()
  return found
}

test('a private key of a session that a contact begins anew is on neither stream, and stdout has the ready line alone', async () => {
  const double = await WhatsAppDouble.start()
  onTestFinished(() => double.stop())
  const ann = await connectContact(double, '15550100011', 'Ann')
  onTestFinished(ann.stop)
  const dataDir = newDataDir()
  const server = await startServer({ dataDir, args: ['--whatsapp-url', double.url, '--log-level', 'trace'] })
  onTestFinished(() => server.dispose())
  const call = async (method: string, path: string, json?: object) =>
    (await server.call(`${server.ready.apis['bots']?.url}${path}`, { method, ...(json === undefined ? {} : { json }) })).json() as Promise<
      Record<string, never>
    > // a test looks into answers by name
  const { pairingCode } = await call('POST', '/api/sessions', { userId: 'gate', phoneNumber: number })
  await double.enterCode(number, String(pairingCode))
  await expect.poll(async () => String((await call('GET', '/api/sessions/gate'))['status'])).toBe('online')
  await call('PATCH', '/v1/bots/gate', { keepsLog: true })
  const heard = async () =>
    ((await call('GET', '/api/sessions/gate/log'))['messages'] as unknown as { text: string }[]).map(({ text }) => text)

  for (const text of ['one', 'two', 'three']) {
    await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text })
    await expect.poll(heard).toContain(text)
    // She begins a new session, as a phone does that was set up again; the bot closes the one it had, and the library prints it.
    const { lid } = double.account(number)
    await ann.socket.signalRepository.deleteSession([
      `${number}:1@s.whatsapp.net`,
      `${lid}:1@lid`,
      `${number}@s.whatsapp.net`,
      `${lid}@lid`,
    ])
  }
  // The library has something to say, and what it says is in the log.
  await expect.poll(() => server.stderr()).toContain('Closing session: [SessionEntry]')
  expect(await server.end()).toBe(0)

  expect(server.stdout().trimEnd().split('\n')).toEqual([expect.stringMatching(/^wheelhouse ready \{/)])
  for (const line of server.stderr().trimEnd().split('\n')) expect(() => JSON.parse(line), line).not.toThrow()
  const secrets = await secretsIn(dataDir)
  expect(secrets.length).toBeGreaterThan(10)
  const printed = server.stdout() + server.stderr()
  for (const secret of secrets) {
    for (const form of [
      secret.toString('base64'),
      secret.toString('base64url'),
      secret.toString('hex'),
      secret.toString('hex').replace(/../g, '$& ').trim(),
      [...secret].join(','),
      [...secret].join(', '),
    ])
      expect(printed.includes(form)).toBe(false)
  }
})
