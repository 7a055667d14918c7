import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { newDataDir, startServer, type ServerProcess } from '../../fakes/server-process.ts'

interface Acknowledged {
  created: Map<string, { id: string }>
  revoked: Set<string>
  /** A revocation was sent and not answered: either outcome is right. */
  open: Set<string>
}

async function start(dataDir: string): Promise<ServerProcess> {
  return startServer({ dataDir, env: { SESSION_STORAGE_TYPE: 'database' } })
}

/** Creates sessions and revokes every second one until the server is gone. */
async function load(server: ServerProcess, worker: number, seen: Acknowledged): Promise<void> {
  const url = `${server.ready.apis['logins']?.url ?? ''}/api/v1/sessions`
  const send = (path: string, body: object) =>
    fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  for (let index = 0; ; index += 1) {
    try {
      const reply = await send('', { user_id: `user-${worker}-${index}`, username: `user-${worker}-${index}`, role_name: 'clerk' })
      const { token, session_id: id } = (await reply.json()) as { token: string; session_id: string }
      if (reply.status !== 201) throw new Error(`create answered ${reply.status}`)
      seen.created.set(token, { id })
      if (index % 2 === 1) {
        seen.open.add(token)
        const ended = await send('/logout', { token })
        await ended.json()
        if (ended.status === 200) seen.revoked.add(token)
        seen.open.delete(token)
      }
    } catch (error) {
      if (server.child.exitCode === null && server.child.signalCode === null && !(error instanceof TypeError)) throw error
      return
    }
  }
}

test('kill -9 under load loses no acknowledged login and no acknowledged revocation', async () => {
  const dataDir = newDataDir()
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  const seen: Acknowledged = { created: new Map(), revoked: new Set(), open: new Set() }
  for (let round = 0; round < 3; round += 1) {
    const server = await start(dataDir)
    const before = seen.created.size
    const workers = Array.from({ length: 8 }, (_, worker) => load(server, round * 10 + worker, seen))
    await expect.poll(() => seen.created.size, { interval: 10 }).toBeGreaterThan(before + 150)
    const gone = once(server.child, 'exit')
    server.child.kill('SIGKILL')
    await gone
    await Promise.all(workers)
  }
  expect(seen.revoked.size).toBeGreaterThan(100)

  const server = await start(dataDir)
  onTestFinished(() => server.dispose())
  const wrong: string[] = []
  for (const [token, { id }] of seen.created) {
    const reply = await fetch(`${server.ready.apis['logins']?.url ?? ''}/api/v1/sessions/validate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    })
    const { is_valid: valid } = (await reply.json()) as { is_valid: boolean }
    if (seen.open.has(token)) continue
    if (valid === seen.revoked.has(token)) wrong.push(id)
  }
  expect(wrong).toEqual([])
})
