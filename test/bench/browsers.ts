/**
 * Browser sessions beside a bare puppeteer launch, on one machine in one run, in turns: what the program adds to the time of a cold
 * start; how long a sleeping login takes to wake; how long the list takes while one of ten browsers is frozen; what the server costs while
 * it idles, what a program pays that drives a kept browser, and what ten live tiles cost; what grows over 200 sessions, what 50
 * callers at once get, and what is left of a server that was killed.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { launch, type Browser } from 'puppeteer-core'
import { chromiumPath } from '../fixtures/chromium.ts'
import { listenOnLoopback, stopServer } from '../fixtures/loopback.ts'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { throughTheBridge } from './browsers-clients.ts'
import { wakeOfASleepingLogin } from './browsers-wake.ts'
import { createAndClose, killedOutright, parallelLogins } from './browsers-life.ts'
import { tenLiveTiles } from './browsers-wall.ts'
import { ms, p50, p95, p99, timed } from './statistics.ts'

const rounds = 20
const warmUps = 3

const page = createServer(
  (_, response) => void response.setHeader('content-type', 'text/html').end('<!doctype html><title>Bench</title><h1>Bench</h1>'),
)
const address = await listenOnLoopback(page)
const server = await startServer({ built: true, args: ['--browser', chromiumPath] })
try {
  await idle(server)
  const cold = await coldCreate(server)
  await spareCreate(server, cold)
  await listWithOneFrozen(server)
  await wakeOfASleepingLogin(server)
  await createAndClose(
    server,
    (username) => open(server.call, username),
    () => closeAll(server.call),
  )
  await parallelLogins(server)
  await closeAll(server.call)
  await throughTheBridge(
    server,
    address,
    () => open(server.call, 'bridge'),
    () => closeAll(server.call),
  )
  await tenLiveTiles(
    server,
    (username) => open(server.call, username),
    () => closeAll(server.call),
  )
  await start()
  // The tiles had a site of their own.
  await useSite(server.call)
  await killedOutright(server, (username) => open(server.call, username))
} finally {
  await server.dispose()
  await stopServer(page)
}

async function useSite(call: ServerProcess['call']): Promise<void> {
  await call('/control/v1/site-profiles/bench', { method: 'PUT', json: { title: 'Bench', kind: 'none', address } })
  await call('/control/v1/settings', { method: 'PATCH', json: { browsers: { defaultProfile: 'bench' } } })
}

/** Resolves with the p50. */
async function coldCreate({ call }: ServerProcess): Promise<number> {
  await useSite(call)
  const bare: number[] = []
  const ours: number[] = []
  // Until the first page can be driven.
  const bareReady: number[] = []
  const oursReady: number[] = []
  const turns = [
    async (round: number): Promise<void> => {
      let browser: Browser | undefined
      const begun = performance.now()
      let ready = 0
      const took = await timed(async () => {
        browser = await launch({ executablePath: chromiumPath, pipe: true, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
        const [first] = await browser.pages()
        ready = performance.now() - begun
        await first?.goto(address)
      })
      // Closing is no part of the time, but ends before the other's turn.
      await browser?.close()
      if (round < warmUps) return
      bare.push(took)
      bareReady.push(ready)
    },
    async (round: number): Promise<void> => {
      const took = await timed(() => open(call, `bench-${round}`))
      const ready = await readyAfter(call)
      await closeAll(call)
      if (round < warmUps) return
      ours.push(took)
      oursReady.push(ready)
    },
  ]
  for (let round = 0; round < rounds + warmUps; round += 1) {
    // Who goes first changes: what the one leaves to the machine must not always fall on the other.
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn(round)
  }
  const ratio = p50(ours) / p50(bare)
  console.log(
    `cold create with first page, n=${rounds}: puppeteer p50 ${ms(p50(bare))} p95 ${ms(p95(bare))}; session p50 ${ms(p50(ours))} p95 ${ms(p95(ours))}; ratio ${ratio.toFixed(3)} (goal 1.10)`,
  )
  console.log(
    `cold create to a page that can be driven: puppeteer p50 ${ms(p50(bareReady))}; session p50 ${ms(p50(oursReady))}; ratio ${(p50(oursReady) / p50(bareReady)).toFixed(3)} (goal 1.05)`,
  )
  return p50(ours)
}

/** Ms from a session's first event to the one that it begins to sign in: its first page can be driven then. */
async function readyAfter(call: ServerProcess['call']): Promise<number> {
  const { sessions } = (await (await call('/browsers/v1/browser-sessions')).json()) as { sessions: { id: string }[] }
  const answer = await call(`/browsers/v1/browser-sessions/${sessions[0]?.id ?? ''}`)
  const { events } = (await answer.json()) as { events: { kind: string; at: string }[] }
  const at = (kind: string): number => Date.parse(events.find((event) => event.kind === kind)?.at ?? '')
  return at('sign-in') - at('session-opened')
}

/** From the browser that was started ahead; the wait for that is no part of the time. */
async function spareCreate({ call }: ServerProcess, cold: number): Promise<void> {
  await call('/control/v1/settings', { method: 'PATCH', json: { browsers: { warmSpare: true } } })
  const times: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const took = await timed(() => open(call, `spare-${round}`))
    // The first one finds none.
    if (round > 0) times.push(took)
    await closeAll(call)
    await spareReady(call)
  }
  await call('/control/v1/settings', { method: 'PATCH', json: { browsers: { warmSpare: false } } })
  console.log(
    `create from the spare with first page, n=${rounds}: p50 ${ms(p50(times))} p95 ${ms(p95(times))} (goal 60 ms); ${(p50(times) / cold).toFixed(3)} of cold (goal 0.2)`,
  )
}

async function spareReady(call: ServerProcess['call']): Promise<void> {
  for (;;) {
    const { spareReady: ready } = (await (await call('/browsers/v1/browser-sessions')).json()) as { spareReady: boolean }
    if (ready) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function listWithOneFrozen({ call, ready }: ServerProcess): Promise<void> {
  for (let user = 0; user < 10; user += 1) await open(call, `list-${user}`)
  const { sessions } = (await (await call('/browsers/v1/browser-sessions')).json()) as { sessions: { pid: number | null }[] }
  const frozen = sessions.find(({ pid }) => pid !== null)?.pid
  if (frozen === undefined || frozen === null) throw new Error('no session has a process')
  process.kill(frozen, 'SIGSTOP')
  try {
    const times: number[] = []
    for (let request = 0; request < 520; request += 1) {
      const took = await timed(async () => {
        const body = (await (await fetch(`${ready.apis['browsers']?.url ?? ''}/sessions`)).json()) as { active_sessions: number }
        if (body.active_sessions !== 10) throw new Error(`${body.active_sessions} sessions listed`)
      })
      if (request >= 20) times.push(took)
    }
    console.log(`list of 10 sessions, one frozen, n=500: p50 ${ms(p50(times))} p99 ${ms(p99(times))} (goal 2 ms)`)
  } finally {
    process.kill(frozen, 'SIGCONT')
    await closeAll(call)
  }
}

/** Before anything was asked of it. */
async function idle({ child }: ServerProcess): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])
  console.log(`server idle: ${Math.round(kilobytes / 1_024)} MB RSS (goal 90 MB)`)
}

async function start(): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < 7; round += 1) {
    let started: ServerProcess | undefined
    times.push(await timed(async () => (started = await startServer({ built: true }))))
    await started?.end()
    await started?.dispose()
  }
  console.log(`process start to ready line, n=7: p50 ${ms(p50(times))}, worst ${ms(Math.max(...times))} (goal 500 ms)`)
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
