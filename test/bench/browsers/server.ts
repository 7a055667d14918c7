/** The server itself: what it takes when nobody asks anything, how soon it is there, and whether one frozen browser holds it up. */
import { readFileSync } from 'node:fs'
import { startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { ms, p50, p99, timed } from '../statistics.ts'
import { listed, type Room } from './room.ts'

/** Before anything was asked of it. */
export async function idle({ server: { child } }: Room): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])
  console.log(`server idle: ${Math.round(kilobytes / 1_024)} MB RSS (goal 90 MB)`)
}

export async function start(): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < 7; round += 1) {
    let started: ServerProcess | undefined
    times.push(await timed(async () => (started = await startServer({ built: true }))))
    await started?.end()
    await started?.dispose()
  }
  console.log(`process start to ready line, n=7: p50 ${ms(p50(times))}, worst ${ms(Math.max(...times))} (goal 500 ms)`)
}

export async function listWithOneFrozen({ server: { call, ready }, open, closeAll }: Room): Promise<void> {
  for (let user = 0; user < 10; user += 1) await open(`list-${user}`)
  const frozen = (await listed(call)).sessions.find(({ pid }) => pid !== null)?.pid
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
    await closeAll()
  }
}
