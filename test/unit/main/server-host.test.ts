import { expect, test } from 'vitest'
import { ServerHost } from '../../../main/server-host.ts'
import { defaultSettings } from '../../../server/config/settings.ts'
import { FakeHostedServer } from '../../fakes/hosted-server.ts'

const hosted = (stopWithin?: number) => {
  const server = new FakeHostedServer()
  return { server, host: new ServerHost(() => Promise.resolve(server), stopWithin) }
}

test('hands out address and token once the server listens, and the addresses that count as ours', async () => {
  const { server, host } = hosted()
  expect(host.addresses()).toEqual([])
  expect(host.settings()).toBe(defaultSettings)
  server.url = 'http://127.0.0.1:7700/'
  expect(await host.ready).toEqual({ url: 'http://127.0.0.1:7700', token: 'owner-token' })
  expect(host.addresses()).toEqual(['http://127.0.0.1:7700/', 'http://127.0.0.1:5010'])
})

test('a failure to make or start it reaches whoever waits, and stopping then is no second failure', async () => {
  const unmade = new ServerHost(() => Promise.reject(new Error('held')))
  await expect(unmade.ready).rejects.toThrow('held')
  expect(await unmade.stop()).toBe(true)

  const server = new FakeHostedServer()
  server.startGate = Promise.reject(new Error('no disk'))
  const unstarted = new ServerHost(() => Promise.resolve(server))
  await expect(unstarted.ready).rejects.toThrow('no disk')
  expect(await unstarted.stop()).toBe(true)
  expect(server.state).toBe('stopped')
})

test('a server that does not stop is left behind after its time', async () => {
  const { server, host } = hosted(20)
  await host.ready
  server.stopGate = new Promise(() => {})
  expect(await host.stop()).toBe(false)
})

test('stopping twice stops once, and nobody is called back afterwards', async () => {
  const { server, host } = hosted()
  await host.ready
  let calls = 0
  host.onChange(() => calls++)
  expect(await Promise.all([host.stop(), host.stop()])).toEqual([true, true])
  server.changed()
  expect(calls).toBe(1)
  expect(host.server).toBeUndefined()
})

test('an API is switched by name', async () => {
  const { server, host } = hosted()
  await host.ready
  await host.setApi('browsers', false)
  expect(server.apis.find(({ name }) => name === 'browsers')?.state).toBe('off')
  await host.setApi('browsers', true)
  expect(server.apis.find(({ name }) => name === 'browsers')?.state).toBe('listening')
})
