/** What must not grow and must not stay: 200 sessions in a row, 50 callers at once for 12 users, and the server killed outright. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { processesNaming } from '../../fakes/processes.ts'
import { startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { chromiumPath } from '../../fixtures/chromium.ts'
import { demoUsers, startPortal } from '../../fixtures/portal/portal.ts'
import { settings, type Room } from './room.ts'

const cycles = 200
/** Cycles after which is looked. */
const looks = [20, 80, 140, cycles]
const callers = 50
const users = 12

export async function createAndClose({ server, open, closeAll }: Room): Promise<void> {
  const seen: Held[] = []
  for (let cycle = 0; cycle <= cycles; cycle += 1) {
    // The first ones load what is loaded once.
    if (looks.includes(cycle)) seen.push(held(server))
    if (cycle === cycles) break
    await open(`cycle-${cycle}`)
    await closeAll()
  }
  const grown = (what: keyof Held): string => seen.map((each) => each[what]).join(', ')
  console.log(
    `${cycles} sessions opened and closed, after ${looks.join(', ')}: files open ${grown('files')}; profile folders ${grown('profiles')}; RSS ${grown('megabytes')} MB (goal: flat)`,
  )
}

/** By a portal that counts: one login a user, whoever asks at the same time, and never more than the limit alive. */
export async function parallelLogins({ server: { call } }: Room): Promise<void> {
  const accounts = Array.from({ length: users }, (_, user) => ({ ...demoUsers[0], username: `parallel-${user}`, password: 'harbor-demo' }))
  const portal = await startPortal({ captcha: 'none', users: accounts as typeof demoUsers })
  try {
    const { name, ...profile } = portal.siteProfile()
    await call(`/control/v1/site-profiles/${name}`, { method: 'PUT', json: profile })
    await settings(call, { defaultProfile: name })
    let most = 0
    let done = false
    const watching = (async () => {
      while (!done) {
        const { active_sessions: active } = (await (await call('/browsers/sessions')).json()) as { active_sessions: number }
        most = Math.max(most, active)
        await wait(50)
      }
    })()
    const begun = performance.now()
    const answers = await Promise.all(
      Array.from({ length: callers }, async (_, caller) => {
        const json = { username: `parallel-${caller % users}`, password: 'harbor-demo', captcha_api_key: 'none' }
        return (await call('/browsers/get_session', { method: 'POST', json })).status
      }),
    )
    const took = Math.round(performance.now() - begun)
    done = true
    await watching
    const good = answers.filter((status) => status === 200).length
    console.log(
      `${callers} callers at once for ${users} users: ${portal.logins} logins (goal ${users}), at most ${most} live (goal 10), ${good} answered with a session, in ${took} ms`,
    )
  } finally {
    await portal.stop()
  }
}

/** Ends the server. */
export async function killedOutright({ server, open }: Room): Promise<void> {
  for (let user = 0; user < 3; user += 1) await open(`killed-${user}`)
  const before = processesNaming(server.dataDir).length
  await server.end('SIGKILL')
  const begun = performance.now()
  let left = before
  while (left > 0 && performance.now() - begun < 10_000) {
    await wait(10)
    left = processesNaming(server.dataDir).filter((pid) => pid !== server.child.pid).length
  }
  const after = Math.round(performance.now() - begun)
  // What lies on the disk then, the next start removes.
  const next = await startServer({ built: true, dataDir: server.dataDir, args: ['--browser', chromiumPath] })
  const startedAt = performance.now()
  const folders = (): number => readdirSync(join(server.dataDir, 'browsers', 'profiles')).length
  while (folders() > 0 && performance.now() - startedAt < 10_000) await wait(10)
  console.log(
    `server killed with three sessions: ${left} of ${before} processes left after ${after} ms, ${folders()} profile folders after the next start (goal 0)`,
  )
  await next.end()
}

interface Held {
  files: number
  profiles: number
  megabytes: number
}

function held({ child, dataDir }: ServerProcess): Held {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return {
    files: readdirSync(`/proc/${child.pid}/fd`).length,
    profiles: readdirSync(join(dataDir, 'browsers', 'profiles')).length,
    megabytes: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024),
  }
}
