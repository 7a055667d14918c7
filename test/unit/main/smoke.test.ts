import { describe, expect, test } from 'vitest'
import { runSmokeTest, type SmokeParts } from '../../../main/smoke.ts'
import { startDesktop } from '../../fakes/desktop.ts'
import { patience } from '../../fixtures/patience.ts'

const answers: Record<string, unknown> = {
  health: { status: 'ok' },
  apis: { apis: [{ name: 'control', state: 'listening' }] },
  'audit?limit=1': { events: [] },
}

const parts = (changes: Partial<SmokeParts> = {}): SmokeParts => ({
  ready: Promise.resolve({ url: 'http://127.0.0.1:7700', token: 'owner-token' }),
  loadWindow: () => Promise.resolve(),
  evaluate: (code) => Promise.resolve(code.includes('typeof') ? 'function' : true),
  info: { platform: 'linux', version: '0.1.0', packaged: true, secretsProtected: true, closeByDefault: 'quit' },
  fetch: (address) => Promise.resolve(Response.json(answers[String(address).split('/control/v1/')[1] ?? ''])),
  within: patience,
  ...changes,
})

test('reports server, database, window and bridge', async () => {
  expect(await runSmokeTest(parts())).toEqual({
    version: '0.1.0',
    platform: 'linux',
    health: 'ok',
    apis: { control: 'listening' },
    database: true,
    window: true,
    bridge: true,
  })
})

describe('fails in words', () => {
  test.each<[string, Partial<SmokeParts>]>([
    ['health answered 503', { fetch: () => Promise.resolve(new Response('', { status: 503 })) }],
    [
      'the database gives back no audit trail',
      {
        fetch: (address) =>
          Promise.resolve(Response.json(String(address).includes('audit') ? {} : answers[String(address).split('/control/v1/')[1] ?? ''])),
      },
    ],
    ['ERR_FAILED', { loadWindow: () => Promise.reject(new Error('ERR_FAILED')) }],
    ['the window has no bridge to the desktop', { evaluate: () => Promise.resolve('undefined') }],
    ['the window stays empty', { evaluate: (code) => Promise.resolve(code.includes('typeof') ? 'function' : false) }],
    ['not done within 10 ms', { loadWindow: () => new Promise(() => {}), within: 10 }],
  ])('when %s', async (words, changes) => {
    await expect(runSmokeTest(parts(changes))).rejects.toThrow(words)
  })
})

test('fails with the server’s words when that does not start', async () => {
  await expect(runSmokeTest(parts({ ready: Promise.reject(new Error('held')) }))).rejects.toThrow('held')
})

test('a smoke test that fails ends the app with code 1, without a dialog that nobody would close', async () => {
  const { electron, opened, printed } = startDesktop({ smokeTest: true, createServer: () => Promise.reject(new Error('no disk')) })
  await opened
  expect(await electron.app.exited()).toBe(1)
  expect(electron.dialog.errors).toEqual([])
  expect(printed).toEqual([])
})
