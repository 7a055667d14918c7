/** What WhatsApp says of an account that it holds back, by itself and when it is asked. */
import type { WASocket } from 'baileys'
import { reasonOf } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import type { Restriction, RestrictionHappening } from '../restriction.ts'

export interface AskRestriction {
  /** Asks WhatsApp; what it answers is told as a happening as well. False when it does not answer. */
  isRestricted(): Promise<boolean>
}

/** WhatsApp's word where it gives no particular cause. */
const noCause = 'DEFAULT'

/** Asks for one answer. */
const mostAsks = 3

export function hearRestrictions(
  socket: Pick<WASocket, 'ev' | 'fetchAccountReachoutTimelock'>,
  log: Log,
  happened: (happening: RestrictionHappening) => void,
): AskRestriction {
  let heard = 0
  let asking: Promise<unknown> = Promise.resolve()
  const tell = (kind: Restriction['kind'], isActive: boolean, until: number | null, why: string | null): void =>
    happened({ type: 'restriction', kind, restriction: isActive ? { kind, until, why } : null })

  socket.ev.on('connection.update', ({ reachoutTimeLock: lock }) => {
    if (lock === undefined) return
    heard += 1
    const { isActive = false, timeEnforcementEnds: end, enforcementType: why } = lock
    tell('new-chats', isActive, timeOf(end?.getTime()), why === undefined || String(why) === noCause ? null : why)
  })
  socket.ev.on('message-capping.update', ({ capping_status: status, cycle_end_timestamp: end }) =>
    tell('new-chats-used-up', String(status) === 'CAPPED', timeOf(Number(end) * 1_000), null),
  )

  /** The library tells each answer as it tells what WhatsApp says by itself: an answer that was not alone may be older than the other. */
  async function ask(asks = 1): Promise<boolean> {
    const before = heard
    const { isActive } = await socket.fetchAccountReachoutTimelock()
    return heard - before > 1 && asks < mostAsks ? ask(asks + 1) : isActive === true
  }

  return {
    async isRestricted() {
      // One after the other, so that each answer can be told from the rest.
      const answer = asking.then(() => ask())
      asking = answer.catch(() => undefined)
      try {
        return await answer
      } catch (error) {
        log.debug({ error: reasonOf(error) }, 'WhatsApp does not say whether it holds an account back')
        return false
      }
    },
  }
}

function timeOf(ms: number | undefined): number | null {
  return ms === undefined || !Number.isFinite(ms) || ms <= 0 ? null : ms
}
