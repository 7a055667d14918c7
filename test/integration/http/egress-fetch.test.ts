/** Fetching what others name: each connection of it is judged, also those that redirects lead to. */
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { createEgressFetch } from '../../../server/http/egress-fetch.ts'
import { Egress, type EgressOptions, type ResolvedAddress } from '../../../server/http/egress.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'
import { reservedPort } from '../../fixtures/ports.ts'

const asked: { path: string; headers: IncomingHttpHeaders; body: string }[] = []
afterEach(() => void (asked.length = 0))

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  onTestFinished(() => stopServer(server))
  return listenOnLoopback(server)
}
const receiver = (): Promise<string> =>
  serve((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      asked.push({ path: String(request.url), headers: request.headers, body })
      response.writeHead(200, { 'content-type': 'text/plain', 'x-seen': 'yes' }).end('received')
    })
  })
const judge = (options: Partial<EgressOptions> = {}): Egress => new Egress({ allowedRanges: () => [], ...options })
const loopback = (): ResolvedAddress[] => [{ address: '127.0.0.1', family: 4 }]

test('reaches an origin that was written down, and its answer is one of this process', async () => {
  const url = await receiver()
  const answer = await createEgressFetch(judge(), [url])(`${url}/a`, { method: 'POST', body: 'said', headers: { 'x-mine': '1' } })
  expect(answer).toBeInstanceOf(Response)
  expect([answer.status, answer.url, answer.redirected, answer.headers.get('x-seen'), await answer.text()]).toEqual([
    200,
    `${url}/a`,
    false,
    'yes',
    'received',
  ])
  expect(asked).toMatchObject([{ path: '/a', body: 'said', headers: { 'x-mine': '1' } }])
})

test('does not follow a redirect from there to another place on this machine', async () => {
  const url = await receiver()
  const from = await serve((_, response) => void response.writeHead(302, { location: `${url}/stolen` }).end())
  await expect(createEgressFetch(judge(), [from])(from)).rejects.toThrow('it is a loopback address')
  expect(asked).toEqual([])
})

test("does not follow one to Wheelhouse's own listeners, where every range is allowed, by no name for them", async () => {
  const url = await receiver()
  const egress = judge({ allowedRanges: () => ['0.0.0.0/0', '::/0'], resolve: async () => loopback() })
  egress.addListener(Number(new URL(url).port))
  for (const host of ['127.0.0.1', 'localhost', '0.0.0.0', '2130706433', 'inside.example']) {
    const from = await serve((_, response) => void response.writeHead(307, { location: `${url.replace('127.0.0.1', host)}/stolen` }).end())
    await expect(createEgressFetch(egress, [from])(from), host).rejects.toThrow('it is Wheelhouse itself')
  }
  expect(asked).toEqual([])
})

test('follows one to a range that is allowed', async () => {
  const url = await receiver()
  const from = await serve((_, response) => void response.writeHead(302, { location: `${url}/there` }).end())
  const answer = await createEgressFetch(judge({ allowedRanges: () => ['127.0.0.0/8'] }), [])(from)
  expect([answer.redirected, answer.url, await answer.text()]).toEqual([true, `${url}/there`, 'received'])
})

test('connects to the very address that was judged, looked up once for each connection', async () => {
  const url = await receiver()
  const port = new URL(url).port
  const answers = [loopback(), [{ address: '10.0.0.1', family: 4 }]]
  const egress = judge({ allowedRanges: () => ['127.0.0.0/8'], resolve: async () => answers.shift() ?? [] })
  expect(await (await createEgressFetch(egress)(`http://moved.example:${port}/once`, { headers: { connection: 'close' } })).text()).toBe(
    'received',
  )
  expect(answers).toHaveLength(1)
  await expect(createEgressFetch(egress)(`http://moved.example:${port}/twice`)).rejects.toThrow('it is a private address')
  expect(asked.map(({ path }) => path)).toEqual(['/once'])
})

test('hands over what comes as it comes, and ends with its signal', async () => {
  const url = await serve((_, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n'))
  const stop = new AbortController()
  const answer = await createEgressFetch(judge(), [url])(url, { signal: stop.signal })
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  expect(await reader?.read()).toEqual({ done: false, value: 'data: one\n\n' })
  stop.abort(new Error('enough'))
  await expect(reader?.read()).rejects.toThrow('enough')
})

test('fails like any fetch where nobody answers, and an answer without a body is one', async () => {
  const url = `http://127.0.0.1:${await reservedPort()}`
  await expect(createEgressFetch(judge(), [url])(url)).rejects.toMatchObject({
    name: 'TypeError',
    message: 'fetch failed',
    cause: { code: 'ECONNREFUSED' },
  })
  const silent = await serve((_, response) => void response.writeHead(204).end())
  expect(await createEgressFetch(judge(), [silent])(silent)).toMatchObject({ status: 204, body: null })
})
