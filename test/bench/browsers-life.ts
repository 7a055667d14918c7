/** What must not grow and must not stay: 200 sessions in a row, 50 callers at once for 12 users, and the server killed outright. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { processesNaming } from '../fakes/processes.ts'
import type { ServerProcess } from '../fakes/server-process.ts'
import { demoUsers, startPortal } from '../fixtures/portal/portal.ts'

const cycles = 200
const settledAfter = 20
const callers = 50
const users = 12

/** `open` makes a session of that user on the profile `bench`. */
export async function createAndClose(
  server: ServerProcess,
  open: (username: string) => Promise<void>,
  closeAll: () => Promise<void>,
): Promise<void> {
  let before: Held | undefined
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    // The first ones load what is loaded once.
    if (cycle === settledAfter) before = held(server)
    await open(`cycle-${cycle}`)
    await closeAll()
  }
  const after = held(server)
  if (before === undefined) throw new Error('too few cycles')
  const grown = (what: keyof Held): string => `${before[what]} to ${after[what]}`
  console.log(
    `${cycles} sessions opened and closed, from the ${settledAfter}th to the last: files open ${grown('files')}, profile folders ${grown('profiles')}, RSS ${grown('megabytes')} MB (goal: flat)`,
  )
}

/** By a portal that counts: one login a user, whoever asks at the same time, and never more than the limit alive. */
export async function parallelLogins({ call }: ServerProcess): Promise<void> {
  const accounts = Array.from({ length: users }, (_, user) => ({ ...demoUsers[0], username: `parallel-${user}`, password: 'harbor-demo' }))
  const portal = await startPortal({ captcha: 'none', users: accounts as typeof demoUsers })
  try {
    const { name, ...profile } = portal.siteProfile()
    await call(`/control/v1/site-profiles/${name}`, { method: 'PUT', json: profile })
    await call('/control/v1/settings', { method: 'PATCH', json: { browsers: { defaultProfile: name } } })
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
    await call('/control/v1/settings', { method: 'PATCH', json: { browsers: { defaultProfile: 'bench' } } })
    await portal.stop()
  }
}

/** Last, since it ends the server. */
export async function killedOutright(server: ServerProcess, open: (username: string) => Promise<void>): Promise<void> {
  for (let user = 0; user < 3; user += 1) await open(`killed-${user}`)
  const before = processesNaming(server.dataDir).length
  await server.end('SIGKILL')
  const begun = performance.now()
  let left = before
  while (left > 0 && performance.now() - begun < 10_000) {
    await wait(10)
    left = processesNaming(server.dataDir).filter((pid) => pid !== server.child.pid).length
  }
  console.log(
    `server killed with three sessions: ${left} of ${before} processes left after ${Math.round(performance.now() - begun)} ms (goal 0)`,
  )
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
