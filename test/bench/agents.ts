/**
 * What an agent spends on one task, through Wheelhouse's browser tools and through Playwright MCP, in one run on one Chromium: sign in to
 * the practice site, find a container, read its booking number, fetch the export. Scripts stand for the model: they find what they use in
 * the answers alone, and take the fewest calls that each set of tools allows. Characters are what a model pays for; four are about a token.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { startServer } from '../fakes/server-process.ts'
import { chromiumPath } from '../fixtures/chromium.ts'
import { loopbackAllowed } from '../fixtures/loopback.ts'
import { containers } from '../fixtures/portal/containers.ts'
import { startPortal } from '../fixtures/portal/portal.ts'
import { ms, p50 } from './statistics.ts'

const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3)
const wanted = containers.find(({ booking }) => booking !== null)
const number = wanted?.number ?? ''
const output = mkdtempSync(join(tmpdir(), 'wheelhouse-bench-agents-'))
const root = join(import.meta.dirname, '../..')

interface Spent {
  calls: number
  sent: number
  answered: number
  /** Of these the export itself, where the tools can read it. */
  file: number
  /** The largest answer that shows a page. */
  largest: number
  took: number
  /** It came to the right booking number and to the whole export. */
  right: boolean
}

type Call = (name: string, args: object) => Promise<string>
type Task = (call: Call) => Promise<{ booking: string | undefined; file: boolean }>

function ref(page: string, line: RegExp, after = /^/): string {
  const lines = page.split('\n')
  const from = lines.findIndex((each) => after.test(each))
  const found = lines.slice(Math.max(0, from)).find((each) => line.test(each) && each.includes('[ref='))
  return /\[ref=(\w+)\]/.exec(found ?? '')?.[1] ?? `none for ${line}`
}

const portal = await startPortal({ captcha: 'none' })
const server = await startServer({
  built: process.env['BENCH_SOURCE'] === undefined,
  env: { WHEELHOUSE_BROWSER: chromiumPath },
})
try {
  await server.call('/control/v1/settings', { method: 'PATCH', json: { network: loopbackAllowed } })
  await server.call('/control/v1/users', { method: 'POST', json: { id: 'ann', primaryEmail: 'ann@example.test', credits: 1_000 } })
  // All of them, so that the lists compare; the task takes five.
  const tools = [
    ...['open', 'wake', 'close', 'navigate', 'history', 'tabs', 'click', 'type', 'fill', 'press', 'select', 'hover', 'drag', 'scroll'],
    ...['upload', 'dialog', 'pdf', 'evaluate'],
  ].map((name) => `browser_${name}`)
  const policy = { upstreams: ['wheelhouse'], wheelhouseTools: tools }
  const made = (await (await server.call('/relay/v1/relay-sessions', { method: 'POST', json: { accountId: 'ann', policy } })).json()) as {
    sessionUrl: string
  }

  const spent = { ours: [] as Spent[], theirs: [] as Spent[] }
  const lists = { ours: '', theirs: '' }
  console.log(`load before: ${loadavg()[0]?.toFixed(1)}; ${rounds} rounds in turns, medians`)
  for (let round = 0; round < rounds; round += 1) {
    const ours = await connected(new StreamableHTTPClientTransport(new URL(made.sessionUrl)))
    spent.ours.push(await run(ours, withOurs))
    lists.ours = await listOf(ours)
    await ours.close()
    const options = ['--headless', '--isolated', '--no-sandbox', `--executable-path=${chromiumPath}`, `--output-dir=${output}`]
    const args = [join(root, 'node_modules/@playwright/mcp/cli.js'), ...options]
    const theirs = await connected(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore', cwd: output }))
    spent.theirs.push(await run(theirs, withTheirs))
    lists.theirs = await listOf(theirs)
    await theirs.close()
  }
  tell('Wheelhouse', spent.ours, lists.ours)
  tell('Playwright MCP', spent.theirs, lists.theirs)
} finally {
  await server.dispose()
  await portal.stop()
  rmSync(output, { recursive: true, force: true })
}

async function connected(transport: StreamableHTTPClientTransport | StdioClientTransport): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } })
  await client.connect(transport)
  return client
}

async function listOf(client: Client): Promise<string> {
  return JSON.stringify((await client.listTools()).tools.filter(({ name }) => name.startsWith('browser_')))
}

async function run(client: Client, task: Task): Promise<Spent> {
  const all: Spent = { calls: 0, sent: 0, answered: 0, file: 0, largest: 0, took: 0, right: false }
  const begun = performance.now()
  const { booking, file } = await task(async (name, args) => {
    const { content, isError } = await client.callTool({ name, arguments: { ...args } })
    const text = (content as { text?: string }[]).map((part) => part.text ?? '').join('\n')
    if (isError === true) throw new Error(`${name}: ${text.slice(0, 400)}`)
    all.calls += 1
    all.sent += JSON.stringify(args).length
    all.answered += text.length
    if (name === 'browser_download') all.file += text.length
    else all.largest = Math.max(all.largest, text.length)
    return text
  })
  return { ...all, took: performance.now() - begun, right: booking === wanted?.booking && file }
}

async function withOurs(call: Call): ReturnType<Task> {
  const { session_id } = JSON.parse(await call('browser_open', { address: `${portal.url}/login` })) as { session_id: string }
  let page = await call('browser_snapshot', {})
  const fields = [
    { ref: ref(page, /"User name"/), value: 'user1' },
    { ref: ref(page, /"Password"/), value: 'harbor-demo' },
  ]
  page = await call('browser_fill', { fields, submit: true })
  page = await call('browser_type', { ref: ref(page, /"Container or booking/), text: number, submit: true })
  const link = ref(page, /link "Export/)
  page = await call('browser_click', { ref: ref(page, /button "Details of/, new RegExp(number)) })
  const [, booking] = /Booking number\n.*definition: (\S+)/.exec(page) ?? []
  page = await call('browser_click', { ref: link })
  const file = await call('browser_download', { download: /"download": "([0-9a-f-]+)"/.exec(page)?.[1] })
  await call('browser_close', { session_id })
  return { booking, file: file.includes(number) }
}

/** An action's answer names a file with the snapshot; through the protocol alone that takes a call of its own. */
async function withTheirs(call: Call): ReturnType<Task> {
  await call('browser_navigate', { url: `${portal.url}/login` })
  let page = await call('browser_snapshot', {})
  const fields = [
    { name: 'User name', type: 'textbox', target: ref(page, /textbox "User name"/), value: 'user1' },
    { name: 'Password', type: 'textbox', target: ref(page, /textbox "Password"/), value: 'harbor-demo' },
  ]
  await call('browser_fill_form', { fields })
  await call('browser_click', { element: 'Sign in', target: ref(page, /button "Sign in"/) })
  page = await call('browser_find', { text: 'Container or booking number' })
  const search = ref(page, /"Container or booking/)
  await call('browser_type', { element: 'Search', target: search, text: number, submit: true })
  page = await call('browser_snapshot', {})
  await call('browser_click', { element: 'Details', target: ref(page, /button "Details of/) })
  const link = ref(page, /link "Export/)
  page = await call('browser_snapshot', {})
  const [, booking] = /Booking number\n.*definition[^:]*: (\S+)/.exec(page) ?? []
  await call('browser_click', { element: 'Export', target: link })
  await call('browser_close', {})
  // Its tools read no file that came down.
  return { booking, file: readdirSync(output).some((name) => name.startsWith('containers')) }
}

function tell(name: string, all: readonly Spent[], list: string): void {
  const of = (key: Exclude<keyof Spent, 'right'>): number => p50(all.map((each) => each[key]))
  console.log(
    `${name.padEnd(16)} ${of('calls')} calls, ${of('sent')} characters sent, ${of('answered')} answered (${of('file')} of it the export; the largest page ${of('largest')}), ${ms(of('took'))}; its list of ${(JSON.parse(list) as unknown[]).length} tools ${list.length}; ${all.filter(({ right }) => right).length} of ${all.length} right`,
  )
}
