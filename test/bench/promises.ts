/**
 * The times that a person was promised in words: how soon the server ends, a dead browser is seen, a hung one closed, a killed broker
 * serves again. Tests show that these things happen; here stands how long they take on this machine, beside what was promised.
 */
import { createServer } from 'node:http'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { chromiumPath } from '../fixtures/chromium.ts'
import { listenOnLoopback, stopServer } from '../fixtures/loopback.ts'
import { ms, p50, timed } from './statistics.ts'

const rounds = 5

await ending()
await browsers()
await brokerAfterKill()

function tell(what: string, times: readonly number[], promised: number): void {
  console.log(`${what}, n=${times.length}: p50 ${ms(p50(times))}, slowest ${ms(Math.max(...times))} (promised ${ms(promised)})`)
}

async function inRounds(work: () => Promise<number>): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) times.push(await work())
  return times
}

async function ending(): Promise<void> {
  const times = await inRounds(async () => {
    const server = await startServer({ built: true })
    const took = await timed(() => server.end('SIGTERM'))
    await server.dispose()
    return took
  })
  tell('SIGTERM to the end of the server', times, 5_000)
}

interface Opened {
  id: string
  pid: number
}

async function browsers(): Promise<void> {
  const page = createServer(
    (_, response) => void response.setHeader('content-type', 'text/html').end('<!doctype html><title>Bench</title>'),
  )
  const address = await listenOnLoopback(page)
  const server = await startServer({ built: true, args: ['--browser', chromiumPath] })
  try {
    await server.call('/control/v1/site-profiles/bench', { method: 'PUT', json: { title: 'Bench', kind: 'none', address } })
    tell('a killed browser to its session’s end', await inRounds(() => seenDead(server)), 500)
    const hung = await open(server)
    process.kill(hung.pid, 'SIGSTOP')
    tell('the list beside a hung browser', await inRounds(() => timed(() => server.call('/browsers/sessions'))), 5)
    tell('closing a hung browser', [await timed(() => close(server, hung))], 5_000)
  } finally {
    await server.dispose()
    await stopServer(page)
  }
}

async function seenDead(server: ServerProcess): Promise<number> {
  const { pid } = await open(server)
  return timed(async () => {
    process.kill(pid, 'SIGKILL')
    while ((await active(server)) > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  })
}

async function open(server: ServerProcess): Promise<Opened> {
  const opened = await server.call('/browsers/v1/browser-sessions', { method: 'POST', json: { profile: 'bench' } })
  const { session } = (await opened.json()) as { session: { id: string } }
  for (;;) {
    const found = (await listed(server)).find(({ id, state }) => id === session.id && state === 'ready')
    if (found?.pid != null) return { id: found.id, pid: found.pid }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function listed({ call }: ServerProcess): Promise<{ id: string; state: string; pid: number | null }[]> {
  return ((await (await call('/browsers/v1/browser-sessions')).json()) as { sessions: { id: string; state: string; pid: number | null }[] })
    .sessions
}

async function active({ call }: ServerProcess): Promise<number> {
  return ((await (await call('/browsers/sessions')).json()) as { active_sessions: number }).active_sessions
}

function close({ call }: ServerProcess, { id }: Opened): Promise<unknown> {
  return call(`/browsers/v1/browser-sessions/${id}`, { method: 'DELETE' })
}

async function brokerAfterKill(): Promise<void> {
  const times = await inRounds(async () => {
    const first = await startServer({ built: true })
    const session = { sessionName: 'orders', password: 'secure-password-123' }
    await create(first, session)
    await first.end('SIGKILL')
    const took = await timed(async () => {
      const second = await startServer({ built: true, dataDir: first.dataDir })
      await second.call('/brokers/v1/sessions/orders')
      await second.end()
    })
    await first.dispose()
    return took
  })
  tell('a killed server to its broker’s first answer, and its end', times, 3_000)
}

async function create({ ready }: ServerProcess, session: object): Promise<void> {
  const url = `${ready.apis['brokers']?.url ?? ''}/api/createSession`
  await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(session) })
}
