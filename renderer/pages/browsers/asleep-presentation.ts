/** How the login of a session that sleeps stands. */
import { exactTime, shortDay, shortTime, uptime } from '../../presentation/format.ts'
import type { StatePresentation } from '../../presentation/tone.ts'
import type { AsleepSession } from '../../stores/browsers.ts'

export interface GoodUntil extends StatePresentation {
  /** How long that is, muted; what is to be said, where it is soon over. */
  beside: string
  /** The whole of it, on hover. */
  title: string
}

/** Ms before its end from which on it wants attention. */
const soon = 30 * 60_000

export function goodUntil({ asleep: { loginGoodUntil, loginGoodUntilBy, expired } }: AsleepSession, now: number): GoodUntil {
  if (loginGoodUntil === null) {
    return expired
      ? { tone: 'off', shape: 'hollow', label: 'Expired', beside: '', title: 'Its site has refused it; waking takes a new sign-in' }
      : { tone: 'good', shape: 'filled', label: 'As long as the site keeps it', beside: '', title: 'Its cookies do not say until when' }
  }
  const at = Date.parse(loginGoodUntil)
  const cookie = loginGoodUntilBy === null ? 'one of its cookies' : `its cookie ${loginGoodUntilBy}`
  const title = `${exactTime(loginGoodUntil)}. An estimate: ${cookie} ends then; the site may end the login sooner, or renew it`
  if (expired || at <= now) return { tone: 'off', shape: 'hollow', label: `Expired about ${moment(at, now)}`, beside: '', title }
  const label = `About ${isToday(at, now) ? '' : `${shortDay(loginGoodUntil)} `}${shortTime(at)}`
  if (at - now < soon) return { tone: 'attention', shape: 'filled', label, beside: 'expiring', title }
  return { tone: 'good', shape: 'filled', label, beside: left(at - now), title }
}

const isToday = (at: number, now: number): boolean => new Date(at).toDateString() === new Date(now).toDateString()

/** `14:10` today, `12 Nov` before. */
export const moment = (at: number, now: number): string => (isToday(at, now) ? shortTime(at) : shortDay(new Date(at).toISOString()))

/** Hours and minutes of a near end, days alone of a far one. */
function left(ms: number): string {
  const days = Math.floor(ms / 86_400_000)
  return days > 0 ? `${days} d` : uptime(ms / 1_000)
}
