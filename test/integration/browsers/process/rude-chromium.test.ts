/**
 * The whole server, and a Chromium that misbehaves on its pipes at each step of a session's life: it costs that session and nothing else.
 */
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startServer, type ServerProcess } from '../../../fakes/server-process.ts'
import { chromiumPath } from '../../../fixtures/chromium.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { exampleContainer } from '../../../fixtures/portal/containers.ts'
import { startPortal, type Portal } from '../../../fixtures/portal/portal.ts'

const mischiefs = ['pipe closed', 'half a message', 'garbage', 'odd messages', 'target gone', 'session detached', 'killed'] as const
/** What the server says to the browser when it comes to the step. */
const steps = {
  launch: 'Browser.getVersion',
  'its first page': 'Browser.setDownloadBehavior',
  'opening the login': '/login',
  'the login': 'Input.dispatchKeyEvent',
  'an operation': 'containers?q=',
  // Of the view's own size: the session's recorder starts one too, for its pictures.
  'the live view': '"maxWidth":640',
  'a refresh': '/session"',
  closing: 'Browser.close',
} as const
type Step = keyof typeof steps

/** Each step under two of the mischiefs, each mischief at two steps at least. */
const table = Object.keys(steps).flatMap((step, index) =>
  [0, 3].map((offset) => [mischiefs[(index + offset) % mischiefs.length], step] as [(typeof mischiefs)[number], Step]),
)

let folder: string
let portal: Portal
let server: ServerProcess
let other: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wheelhouse-rude-'))
  const program = join(folder, 'chromium')
  writeFileSync(
    program,
    `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dirname, '..', '..', '..', 'fixtures', 'rude-chromium.ts')}' '${folder}' '${chromiumPath}' "$@"\n`,
  )
  chmodSync(program, 0o755)
  portal = await startPortal({ captcha: 'none' })
  server = await startServer({ args: ['--browser', program] })
  const { name, ...site } = portal.siteProfile({ refresh: { address: `${portal.url}/session`, every: 1_000, loggedOutUrl: '/login$' } })
  await server.call(`/control/v1/site-profiles/${name}`, { method: 'PUT', json: site })
  await server.call('/control/v1/site-profiles/quiet', {
    method: 'PUT',
    json: { ...portal.siteProfile({ refresh: null }), name: undefined },
  })
  await server.call('/control/v1/settings', { method: 'PATCH', json: { browsers: { defaultProfile: name } } })
  const opened = await (
    await browsers('/v1/browser-sessions', { method: 'POST', json: { profile: 'quiet', username: 'user15', password: 'harbor-demo' } })
  ).json()
  other = opened.session.id
  await eventually('the other session is ready', async () => (await detail(other)).state === 'ready')
})
afterAll(async () => {
  await server.dispose()
  await portal.stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const browsers: ServerProcess['call'] = (path, init) => server.call(`/browsers${path}`, init)
const detail = async (id: string) => (await (await browsers(`/v1/browser-sessions/${id}`)).json()).session
const credentials = { username: 'user1', password: 'harbor-demo', captcha_api_key: 'unused' }
/** The other session's browser is told things of its own at any time, e.g. to draw what it was sent to, and keeps its manners. */
const arm = async (mischief: string, on: string): Promise<void> =>
  writeFileSync(join(folder, 'armed.json'), JSON.stringify({ mischief, on, spares: (await detail(other)).pid }))
const done = (): boolean => !existsSync(join(folder, 'armed.json'))

it.each(table)('%s at %s ends that session at most, and is told in words', async (mischief, step) => {
  const early = step === 'launch' || step === 'its first page' || step === 'opening the login' || step === 'the login'
  if (early) await arm(mischief, steps[step])
  const opened = await answerOf(browsers('/get_session', { method: 'POST', json: credentials }))
  if (!early) {
    expect(opened.success).toBe(true)
    await arm(mischief, steps[step])
  }
  if (!early || opened.success) await live(opened.session_id, step)
  expect(done()).toBe(true)
  for (const { session_id } of (await (await browsers('/sessions')).json()).sessions)
    if (session_id !== other) await answerOf(browsers(`/sessions/${session_id}`, { method: 'DELETE' }))
  await expectOthersServed()
})

it('the next session is as good as any', async () => {
  expect(
    await answerOf(browsers('/get_booking_number', { method: 'POST', json: { ...credentials, container_id: exampleContainer } })),
  ).toMatchObject({ success: true, booking_number: 'BK-88210' })
})

it('nothing of it was taken for a fault of a room, and what could not be attributed is nothing', async () => {
  const { apis } = await (await server.call('/control/v1/apis')).json()
  const contained = Object.fromEntries(apis.map((api: { name: string; contained: number }) => [api.name, api.contained]))
  expect(contained).toMatchObject({ control: 0, brokers: 0, bots: 0, logins: 0, relay: 0 })
  expect(contained['browsers']).toBeGreaterThan(0)
  const { attention } = await (await server.call('/control/v1/overview')).json()
  expect(attention.filter(({ id }: { id: string }) => id.startsWith('room:'))).toEqual([])
})

/** What comes after the login, as far as it comes to the step. */
async function live(id: string, step: Step): Promise<void> {
  if (step === 'an operation')
    await answerOf(
      browsers('/get_booking_number', { method: 'POST', json: { session_id: id, ...credentials, container_id: exampleContainer } }),
    )
  if (step === 'the live view') {
    const view = new WebSocket(`${server.ready.control.url.replace('http', 'ws')}/browsers/v1/browser-sessions/${id}/view`, {
      headers: { authorization: `Bearer ${server.token}` },
    })
    view.on('error', () => undefined)
    await once(view, 'open')
    view.send(JSON.stringify({ type: 'visible', visible: true, maxWidth: 640, maxHeight: 400 }))
    await eventually('the mischief is done', done)
    view.close()
  }
  if (step === 'a refresh') await eventually('the mischief is done', done)
  if (step !== 'closing') return
  expect(await answerOf(browsers(`/sessions/${id}`, { method: 'DELETE' }))).toMatchObject({ success: true })
  // A browser that has not read what it is asked within its second is killed, and has done nothing by then.
  if (!done()) await live((await answerOf(browsers('/get_session', { method: 'POST', json: credentials }))).session_id, step)
}

/** An answer in the contract's shape, whatever it says; a fault without a name would be a defect. */
async function answerOf(call: Promise<Response>): Promise<{ success: boolean; session_id: string; error?: string }> {
  const response = await call
  const body = await response.json()
  expect([200, 401, 404, 500]).toContain(response.status)
  expect(body).toMatchObject({ success: response.status === 200 })
  if (!body.success) expect(body.error).not.toMatch(/Internal server error|undefined|Protocol error|Cannot read/)
  return body
}

/** A busy machine is no silent browser: who is told that it does not answer in time asks again. Any other answer counts. */
const statusOf = (path: string, init?: Parameters<typeof browsers>[1]): Promise<number> =>
  eventually('the other session answers in time', async () => {
    const response = await browsers(path, init)
    const { error } = response.ok ? {} : await response.json()
    return error === 'The browser does not answer' ? null : response.status
  })

async function expectOthersServed(): Promise<void> {
  expect(server.child.exitCode).toBeNull()
  expect(await statusOf(`/v1/browser-sessions/${other}/navigate`, { method: 'POST', json: { address: `${portal.url}/holds` } })).toBe(204)
  expect(await statusOf(`/v1/browser-sessions/${other}/screenshot`)).toBe(200)
  for (const { url } of Object.values(server.ready.apis)) expect((await fetch(url)).status).toBeLessThan(500)
}
