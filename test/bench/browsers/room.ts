/** A server of one's own for each part, with a page on loopback that its sessions open. */
import { createServer } from 'node:http'
import { processesNaming } from '../../fakes/processes.ts'
import { startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { chromiumPath } from '../../fixtures/chromium.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'

export interface Room {
  server: ServerProcess
  /** What the profile `bench` shows. */
  address: string
  /** Resolves when a session of that user shows its page; throws when the server says otherwise. */
  open(username: string): Promise<void>
  closeAll(): Promise<void>
}

export interface Listed {
  id: string
  pid: number | null
}

/** Runs `work` in a room and takes it down; throws when something of it stays. */
export async function inRoom(work: (room: Room) => Promise<void>): Promise<void> {
  const page = createServer(
    (_, response) => void response.setHeader('content-type', 'text/html').end('<!doctype html><title>Bench</title><h1>Bench</h1>'),
  )
  const address = await listenOnLoopback(page)
  const server = await startServer({ built: true, args: ['--browser', chromiumPath] })
  const { call } = server
  try {
    await useSite(call, address)
    await work({ server, address, open: (username) => open(call, username), closeAll: () => closeAll(call) })
  } finally {
    const ended = server.child.exitCode !== null || server.child.signalCode !== null
    if (!ended) await server.end()
    await server.dispose()
    await stopServer(page)
  }
  const left = processesNaming(server.dataDir).length
  if (left > 0) throw new Error(`${left} processes of the bench are left`)
}

export async function useSite(call: ServerProcess['call'], address: string): Promise<void> {
  await call('/control/v1/site-profiles/bench', { method: 'PUT', json: { title: 'Bench', kind: 'none', address } })
  await settings(call, { defaultProfile: 'bench' })
}

export async function settings(call: ServerProcess['call'], browsers: Record<string, unknown>): Promise<void> {
  const answer = await call('/control/v1/settings', { method: 'PATCH', json: { browsers } })
  if (!answer.ok) throw new Error(`the settings were refused: ${await answer.text()}`)
}

export async function listed(call: ServerProcess['call']): Promise<{ sessions: Listed[]; spareReady: boolean }> {
  // As the contract has it; more is in there than these.
  return (await (await call('/browsers/v1/browser-sessions')).json()) as { sessions: Listed[]; spareReady: boolean }
}

export async function spareWaits(call: ServerProcess['call']): Promise<void> {
  while (!(await listed(call)).spareReady) await new Promise((resolve) => setTimeout(resolve, 50))
}

async function open(call: ServerProcess['call'], username: string): Promise<void> {
  const answer = await call('/browsers/get_session', { method: 'POST', json: { username, password: 'bench', captcha_api_key: 'none' } })
  if (answer.status !== 200) throw new Error(`get_session answered ${answer.status}: ${await answer.text()}`)
  await answer.json()
}

async function closeAll(call: ServerProcess['call']): Promise<void> {
  const { sessions } = (await (await call('/browsers/sessions')).json()) as { sessions: { session_id: string }[] }
  await Promise.all(sessions.map(({ session_id }) => call(`/browsers/sessions/${session_id}`, { method: 'DELETE' })))
}
