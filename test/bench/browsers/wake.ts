/**
 * How long a sleeping login takes to wake, beside a session that is made anew and signs in, in turns: the way of a caller who comes back,
 * from the call to the answer, with the page where it was. Once without a spare browser and once with one that waits.
 */
import { startPortal } from '../../fixtures/portal/portal.ts'
import { ms, p50, p95, timed } from '../statistics.ts'
import { spareWaits, type Room } from './room.ts'

const rounds = 12
const warmUps = 2

export async function wakeOfASleepingLogin({ server: { call } }: Room): Promise<void> {
  const portal = await startPortal({ captcha: 'none' })
  try {
    const { name, ...site } = portal.siteProfile()
    await call(`/control/v1/site-profiles/${name}`, { method: 'PUT', json: site })
    const settings = (warmSpare: boolean) => ({
      network: { allowedRanges: ['127.0.0.0/8'] },
      browsers: { defaultProfile: name, warmSpare },
    })
    await call('/control/v1/settings', { method: 'PATCH', json: settings(false) })
    const get = async (user: number): Promise<string> => {
      const json = { username: `user${user}`, password: 'harbor-demo', captcha_api_key: 'unused' }
      const reply = await call('/browsers/get_session', { method: 'POST', json })
      const body = (await reply.json()) as { session_id: string; error?: string }
      if (reply.status !== 200) throw new Error(`${reply.status}: ${body.error ?? ''}`)
      return body.session_id
    }
    const native = (id: string, path = '', method = 'POST') => call(`/browsers/v1/browser-sessions/${id}${path}`, { method })
    const sleeper = await get(1)
    const cold: number[] = []
    const woken: number[] = []
    const fromSpare: number[] = []
    const wake = async (into: number[], round: number): Promise<void> => {
      await native(sleeper, '/hibernate')
      const took = await timed(() => get(1))
      if (round >= warmUps) into.push(took)
    }
    for (let round = 0; round < rounds + warmUps; round += 1) {
      let id = ''
      const took = await timed(async () => void (id = await get(2)))
      await native(id, '', 'DELETE')
      if (round >= warmUps) cold.push(took)
      await wake(woken, round)
    }
    await call('/control/v1/settings', { method: 'PATCH', json: settings(true) })
    for (let round = 0; round < rounds + warmUps; round += 1) {
      // The first one finds none: a spare is started behind a session.
      await wake(fromSpare, round)
      await spareWaits(call)
    }
    const logins = portal.logins
    if (logins !== rounds + warmUps + 1) throw new Error(`a woken session signed in again: ${logins} logins`)
    await native(sleeper, '', 'DELETE')
    const beside = `of cold with login ${ms(p50(cold))}`
    const told = (times: readonly number[]): string =>
      `n=${rounds}: p50 ${ms(p50(times))} p95 ${ms(p95(times))} (goal 1000 ms); ${(p50(times) / p50(cold)).toFixed(3)} ${beside} (goal 0.6)`
    console.log(`wake of a sleeping login, ${told(woken)}`)
    console.log(`the same from the spare, ${told(fromSpare)}`)
  } finally {
    await portal.stop()
  }
}
