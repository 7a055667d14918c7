import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { exposureOf, Guards, type Authority } from '../../../server/http/guards.ts'
import { fakeExposure } from '../../fakes/exposure.ts'

const authority: Authority = { byKey: () => null, byCookie: () => null }
const guards = new Guards({ authority, ownOrigins: () => [] })
const ask = (headers: Record<string, string>): IncomingMessage =>
  ({ headers: { host: '127.0.0.1:8000', ...headers }, socket: { remoteAddress: '127.0.0.1' } }) as unknown as IncomingMessage // the guards read no more of it

test("an API's own key closes its local routes on this machine too, and opens them", async () => {
  let key: string | null = null
  const exposure = exposureOf({ ownKey: () => key }, fakeExposure())
  const route = { access: 'local', right: 'bots:use', method: 'POST' } as const
  expect(await guards.checkKey(ask({}), exposure, 'bots', route)).toMatchObject({ caller: { kind: 'local' } })
  key = 'own'
  await expect(guards.checkKey(ask({}), exposure, 'bots', route)).rejects.toMatchObject({ code: 'key-required' })
  await expect(guards.checkKey(ask({ 'x-api-key': 'other' }), exposure, 'bots', route)).rejects.toMatchObject({ code: 'key-refused' })
  expect(await guards.checkKey(ask({ 'x-api-key': 'own' }), exposure, 'bots', route)).toMatchObject({
    caller: { kind: 'key', name: 'API_KEY' },
  })
  expect(await guards.checkKey(ask({}), exposure, 'bots', { access: 'public', right: 'anyone' })).toMatchObject({
    caller: { kind: 'anyone' },
  })
})

test('pages of any origin may call the public routes of an API only while it has its own key', () => {
  const origin = ask({ origin: 'https://elsewhere.test' })
  expect(guards.checkOrigin(origin, exposureOf({ ownKey: () => 'own' }, fakeExposure()), { access: 'public', right: 'anyone' })).toBe('*')
  expect(() =>
    guards.checkOrigin(origin, exposureOf({ ownKey: () => null }, fakeExposure()), { access: 'public', right: 'anyone' }),
  ).toThrow('origin')
  expect(() => guards.checkOrigin(origin, fakeExposure(), { access: 'public', right: 'anyone' })).toThrow('origin')
})
