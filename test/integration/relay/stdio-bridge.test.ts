/** `wheelhouse mcp` as a client starts it: unmodified clients of both SDKs over stdio, a relay behind that comes and goes. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as OldStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { writeRuntimeFile } from '../../../server/config/runtime-file.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const odd = join(root, 'test', 'fixtures', 'mcp', 'odd-server.ts')
const cli = join(root, 'server', 'cli.ts')

let folder: string
let relay: ServedRelay
const sealingKey = new Uint8Array(32).fill(7)

/** As the house writes it for whoever looks for the relay on this machine. */
async function start(): Promise<void> {
  relay = await serveRelay({ dataDir: join(folder, 'data'), sealingKey })
  await new Promise((resolve) => setImmediate(resolve))
  writeRuntimeFile(folder, {
    ...{ version: '0', pid: process.pid, control: { url: 'http://127.0.0.1:1', token: '' } },
    apis: { relay: { url: relay.url, state: 'listening' } },
  })
}
const isReady = () => eventually('the server is ready', () => relay.room.upstreamAdmin.list().every(({ state }) => state === 'ready'))

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wheelhouse-bridge-'))
  await start()
  relay.room.upstreamAdmin.create({ name: 'odd', transport: 'stdio', command: process.execPath, args: [odd] }, 'owner')
  await isReady()
})
afterAll(async () => {
  await relay.stop()
  rmSync(folder, { recursive: true, force: true })
})

const textOf = (result: object): string => ('content' in result && Array.isArray(result.content) ? String(result.content[0]?.text) : '')
const parameters = (env: Record<string, string>, ...args: string[]) => ({
  command: process.execPath,
  args: [cli, 'mcp', '--data-dir', folder, ...args],
  env: { PATH: process.env['PATH'] ?? '', ...env },
  stderr: 'pipe' as const,
})

async function connectOld(env: Record<string, string>, ...args: string[]): Promise<{ client: OldClient; transport: OldStdioTransport }> {
  const client = new OldClient({ name: 'test', version: '1' }, { capabilities: { elicitation: {} } })
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { city: 'Hamburg' } }))
  const transport = new OldStdioTransport(parameters(env, ...args))
  await client.connect(transport)
  onTestFinished(() => client.close())
  return { client, transport }
}

/** Runs it on what is typed, to its end. */
async function typed(input: string, args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [cli, 'mcp', '--data-dir', folder, ...args], { env: { PATH: process.env['PATH'], ...env } })
  child.stdin.end(input)
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ])
  return {
    stdout,
    stderr,
    code,
    messages: stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line)),
  }
}

test('the 1.x SDK’s client lists, calls, is asked and is told through it, and finds everything again after a restart elsewhere', async () => {
  const { sessionId } = await relay.session()
  const { client, transport } = await connectOld({ WHEELHOUSE_SESSION: sessionId })
  let said = ''
  transport.stderr?.on('data', (chunk: Buffer) => (said += String(chunk)))
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo')
  expect(textOf(await client.callTool({ name: 'echo', arguments: { text: 'ahoy, 7 Schiffe – ✓' } }))).toBe('ahoy, 7 Schiffe – ✓')
  expect(textOf(await client.callTool({ name: 'where', arguments: {} }))).toBe('You are in Hamburg')
  expect((await relay.room.gateway()).clients).toBe(1)

  let told = 0
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (told += 1))
  await relay.stop()
  const listing = client.listTools()
  await eventually('it has noticed', () => said.includes('trying again'))
  await start()
  await isReady()
  expect((await listing).tools.map(({ name }) => name)).toContain('echo')
  expect(textOf(await client.callTool({ name: 'where', arguments: {} }))).toBe('You are in Hamburg')
  await eventually('it hears again', () => told > 0)
  expect(said).not.toContain(sessionId)
  await client.close()
  await eventually('its protocol session has ended with it', async () => (await relay.room.gateway()).clients === 0)
})

test('the 2.x SDK’s client works through it in both eras, with the session in a file', async () => {
  const { sessionUrl } = await relay.session()
  const file = join(folder, 'session.txt')
  writeFileSync(file, `${sessionUrl}\n`, { mode: 0o600 })
  for (const [mode, revision] of [
    ['auto', '2026-07-28'],
    ['legacy', '2025-11-25'],
  ] as const) {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
    await client.connect(new StdioClientTransport(parameters({}, '--session-file', file)))
    onTestFinished(() => client.close())
    expect(client.getNegotiatedProtocolVersion()).toBe(revision)
    expect(textOf(await client.callTool({ name: 'echo', arguments: { text: mode } }))).toBe(mode)
    const stop = new AbortController()
    const slow = client.callTool({ name: 'slow', arguments: { text: 'until count' } }, { signal: stop.signal })
    stop.abort('enough')
    await expect(slow).rejects.toThrow()
    expect(textOf(await client.callTool({ name: 'echo', arguments: { text: 'still here' } }))).toBe('still here')
    await client.close()
  }
})

test('what is typed is answered line by line, with nothing else among it, and the end of the input is its end', async () => {
  const { sessionId } = await relay.session({ body: { policy: { maxCredits: 0 } } })
  const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'typed', version: '1' } }
  const lines = [
    sessionId,
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: hello }),
    'not json',
    JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'ping' }),
    '',
  ]
  const { messages, code } = await typed(lines.join('\n'), ['--session', '-', '--url', `${relay.url}/mcp/`])
  expect(code).toBe(0)
  expect(messages).toContainEqual(expect.objectContaining({ id: 1, result: expect.objectContaining({ protocolVersion: '2025-06-18' }) }))
  expect(messages).toContainEqual(expect.objectContaining({ id: null, error: expect.objectContaining({ code: -32700 }) }))
  await eventually('nothing is left', async () => (await relay.room.gateway()).clients === 0)
})

test('a reader that goes while messages flow is its end: in order, without a trace, and with its protocol session', async () => {
  const { sessionId } = await relay.session()
  const child = spawn(process.execPath, [cli, 'mcp', '--data-dir', folder, '--session', sessionId], { env: { PATH: process.env['PATH'] } })
  const ended = Promise.all([text(child.stderr), new Promise<number | null>((resolve) => child.once('exit', resolve))])
  const say = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  // It may be gone before all is written.
  child.stdin.on('error', () => undefined)
  say({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } } })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await eventually('it alone is connected', async () => (await relay.room.gateway()).clients === 1)
  child.stdout.destroy()
  for (let id = 2; id < 40; id += 1) say({ id, method: 'ping' })
  expect(await ended).toEqual(['', 0])
  await eventually('its protocol session has ended with it', async () => (await relay.room.gateway()).clients === 0)
})

test('a relay that never answers the farewell does not keep it', async () => {
  const silent = createServer((request, response) => {
    if (request.method === 'DELETE') return
    request.resume()
    response.writeHead(request.method === 'GET' ? 405 : 200, { 'content-type': 'application/json', 'mcp-session-id': 's1' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: {} }))
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    silent.closeAllConnections()
    silent.close()
  })
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const hello = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} })
  expect(await typed(`${hello}\n`, ['--session', 'a'.repeat(36), '--url', url])).toMatchObject({
    code: 0,
    messages: [{ id: 1, result: {} }],
  })
})

test('what it is given wrongly it says in a line, without repeating a secret; a revoked session is answered in words', async () => {
  const { sessionId } = await relay.session()
  const slip = await typed('', ['--session', `${sessionId}x`])
  expect(slip).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('that is no session') })
  expect(slip.stderr).not.toContain(sessionId)
  expect(await typed('', [])).toMatchObject({ code: 2, stderr: expect.stringContaining('which session?') })
  expect(await typed('', ['--session-file', join(folder, 'none')])).toMatchObject({ code: 2, stderr: expect.stringContaining('ENOENT') })
  await relay.call('DELETE', `/api/sessions/${sessionId}`)
  const list = JSON.stringify({ jsonrpc: '2.0', id: 5, method: 'initialize', params: {} })
  const { messages, stderr } = await typed(`${list}\n`, ['--session', sessionId])
  expect(messages).toEqual([{ jsonrpc: '2.0', id: 5, error: { code: -32000, message: expect.stringContaining('over or was revoked') } }])
  expect(stderr).toContain('make a new one')
})
