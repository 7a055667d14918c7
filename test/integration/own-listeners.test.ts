/** The whole server, with every range allowed: nothing that a caller can name reaches one of its listeners. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createServer, type Server } from 'node:http'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { eventually } from '../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../fixtures/loopback.ts'
import { reservedPort } from '../fixtures/ports.ts'
import { WhatsAppDouble } from '../fakes/whatsapp/double.ts'

let server: ServerProcess
let double: WhatsAppDouble
let redirecting: Server
let site: string
/** By what listens there. */
let ports: Record<string, string>

beforeAll(async () => {
  double = await WhatsAppDouble.start()
  redirecting = createServer(
    (request, response) =>
      void response.writeHead(302, { location: new URL(request.url ?? '', 'http://site').searchParams.get('to') ?? '/' }).end(),
  )
  site = await listenOnLoopback(redirecting)
  server = await startServer({ args: ['--whatsapp-url', double.url] })
  const mqttPort = await reservedPort()
  const answer = await server.call('/control/v1/settings', {
    method: 'PATCH',
    json: { network: { allowedRanges: ['0.0.0.0/0', '::/0'] }, webhooks: { allowPrivate: true }, brokers: { mqttPort } },
  })
  expect(answer.status).toBe(200)
  const urls = {
    control: server.ready.control.url,
    ...Object.fromEntries(Object.entries(server.ready.apis).map(([name, { url }]) => [name, url])),
  }
  ports = { ...Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, new URL(url).port])), mqtt: String(mqttPort) }
})
afterAll(async () => {
  await server.dispose()
  await double.stop()
  await stopServer(redirecting)
})

const listeners = ['control', 'brokers', 'browsers', 'bots', 'logins', 'relay', 'mqtt'] as const
const forms = ['127.0.0.1', 'localhost', '2130706433', '0.0.0.0', '[::ffff:127.0.0.1]', '[::1]']
const post = async (path: string, json: object) => {
  const answer = await server.call(path, { method: 'POST', json })
  return { status: answer.status, text: await answer.text() }
}
const itself = expect.stringContaining('it is Wheelhouse itself')

describe.each(listeners)('the listener of %s', (name) => {
  test('is no webhook, no proxy, no page to open', async () => {
    await post('/bots/v1/bots', { userId: `gate-${name}`, phoneNumber: `155501${String(listeners.indexOf(name)).padStart(5, '0')}` })
    for (const form of forms) {
      const address = `http://${form}:${ports[name]}/`
      expect(await post(`/bots/api/sessions/gate-${name}/webhooks`, { url: address }), address).toEqual({ status: 400, text: itself })
      expect(await post('/bots/v1/bots', { userId: 'other', phoneNumber: '15550100143', proxy: address }), address).toEqual({
        status: 400,
        text: itself,
      })
      expect(await post('/browsers/v1/browser-sessions', { profile: 'plain', address }), address).toEqual({ status: 400, text: itself })
    }
  })

  test('is no MCP server behind the relay, whoever writes it down', async () => {
    const { id } = (await (
      await server.call('/control/v1/upstreams', {
        method: 'POST',
        json: { name: `own-${name}`, transport: 'http', url: `http://localhost:${ports[name]}/mcp`, enabled: true },
      })
    ).json()) as { id: string }
    const seen = await eventually('it was tried', async () => {
      const { upstreams } = (await (await server.call('/control/v1/upstreams')).json()) as {
        upstreams: { id: string; error: string | null }[]
      }
      return upstreams.find((each) => each.id === id)?.error
    })
    expect(seen).toContain('it is Wheelhouse itself')
    await server.call(`/control/v1/upstreams/${id}`, { method: 'DELETE' })
  })
})

test('a page is not led to them by a redirect, nor by a profile that names them', async () => {
  await server.call('/control/v1/site-profiles/own', {
    method: 'PUT',
    json: { title: 'Own', kind: 'none', address: `http://127.0.0.1:${ports['control']}/control/v1/health` },
  })
  for (const wanted of [
    { profile: 'own' },
    { profile: 'plain', address: `${site}/?to=http://127.0.0.1:${ports['control']}/control/v1/health` },
  ]) {
    const { session } = JSON.parse((await post('/browsers/v1/browser-sessions', wanted)).text) as { session: { id: string } }
    const reason = await eventually('it says why', async () => {
      const { session: shown } = (await (await server.call(`/browsers/v1/browser-sessions/${session.id}`)).json()) as {
        session: { state: string; reason: string | null }
      }
      return shown.state === 'needs-you' && shown.reason
    })
    expect(reason).toContain('it is Wheelhouse itself')
  }
})
