/** The proxy of a bot: an address that a caller names, judged when it is connected to; its password is sealed. */
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createProxyAgent } from '../../../server/bots/engine/proxy-agent.ts'
import { Egress } from '../../../server/http/egress.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { listenOnLoopback, loopbackAllowed } from '../../fixtures/loopback.ts'

let bots: ServedBots
let proxy: Awaited<ReturnType<typeof startProxy>>

beforeEach(async () => {
  ;[bots, proxy] = await Promise.all([serveBots(), startProxy()])
})
afterEach(async () => {
  await bots.stop()
  await proxy.stop()
})

async function startProxy() {
  const asked: { to: string; authorization: string | undefined }[] = []
  const sockets = new Set<Socket>()
  const server = createServer()
  server.on('connection', (socket) => void sockets.add(socket.on('error', () => undefined)))
  server.on('connect', (request, near: Socket, head) => {
    asked.push({ to: String(request.url), authorization: request.headers['proxy-authorization'] })
    const { hostname, port } = new URL(`http://${request.url}`)
    const far = connect(Number(port), hostname, () => {
      near.write('HTTP/1.1 200 Connected\r\n\r\n')
      far.write(head)
      near.pipe(far).pipe(near)
    })
    sockets.add(far.on('error', () => near.destroy()))
  })
  const url = await listenOnLoopback(server)
  return {
    url,
    port: Number(new URL(url).port),
    asked,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('is refused where its address says by itself that it is not public, and nothing is made or changed', async () => {
  for (const address of [proxy.url, 'http://10.0.0.1:3128', 'http://[::ffff:127.0.0.1]:3128', 'https://localhost']) {
    expect(await bots.call('POST', '/v1/bots', { userId: 'gate', phoneNumber: '15550100142', proxy: address }), address).toMatchObject({
      status: 400,
      body: { success: false, message: expect.stringContaining('may not be reached') },
    })
  }
  expect((await bots.call('GET', '/v1/bots')).body.bots).toEqual([])
  await bots.call('POST', '/v1/bots', { userId: 'gate', phoneNumber: '15550100142' })
  expect((await bots.call('PATCH', '/v1/bots/gate', { proxy: proxy.url })).status).toBe(400)
  expect((await bots.call('GET', '/v1/bots/gate')).body.bot.hasProxy).toBe(false)
  expect(proxy.asked).toEqual([])
})

test('is gone through where the settings allow its range; its password is used and neither shown nor kept readable', async () => {
  bots.context.change({ network: loopbackAllowed })
  const address = proxy.url.replace('//', '//harbor:hush-9@')
  expect(await bots.call('POST', '/v1/bots', { userId: 'gate', phoneNumber: '15550100142', proxy: address })).toMatchObject({
    status: 202,
    body: { hasProxy: true },
  })
  await expect.poll(() => proxy.asked[0]).toEqual({ to: new URL(bots.double.url).host, authorization: `Basic ${btoa('harbor:hush-9')}` })
  await expect.poll(() => bots.state('gate')).toBe('pairing')
  const rows = bots.context.database.prepare('SELECT *, CAST(proxy AS TEXT) AS text FROM bots').all()
  expect(JSON.stringify([rows, bots.context.emitted, bots.context.log.lines, (await bots.call('GET', '/v1/bots/gate')).body])).not.toMatch(
    /hush-9|harbor:/,
  )
})

test("is none of Wheelhouse's own listeners, also when that comes to be later", async () => {
  bots.context.change({ network: loopbackAllowed })
  await bots.call('POST', '/v1/bots', { userId: 'gate', phoneNumber: '15550100142' })
  await bots.call('POST', '/api/sessions/gate/stop')
  await bots.call('PATCH', '/v1/bots/gate', { proxy: proxy.url })
  bots.context.egress.addListener(proxy.port)
  await bots.call('POST', '/v1/bots/gate/start')
  await expect
    .poll(async () => (await bots.call('GET', '/v1/bots/gate')).body.bot)
    .toMatchObject({ state: 'failed', reason: expect.stringContaining('it is Wheelhouse itself') })
  expect(proxy.asked).toEqual([])
})

test('whose name means another address when it is connected to is not connected to', async () => {
  const answers = ['93.184.215.14', '127.0.0.1']
  const egress = new Egress({ allowedRanges: () => [], resolve: async () => [{ address: answers.shift() ?? '', family: 4 }] })
  await egress.addresses({ host: 'proxy.example', port: proxy.port, protocol: 'http:' })
  const agent = await createProxyAgent(`http://proxy.example:${proxy.port}`, egress)
  const { get } = await import('node:http')
  const failed = new Promise((resolve) => get('http://whatsapp.example/', { agent }).once('error', resolve))
  expect(await failed).toMatchObject({ message: expect.stringContaining('it is a loopback address') })
  expect(proxy.asked).toEqual([])
})
