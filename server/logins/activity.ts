/** Last activity, noted with every validation and written in batches: a validation must not wait for a disk. */
import type { Log } from '../log.ts'
import type { Policy } from './policy.ts'
import type { Session } from './session.ts'
import type { SessionStore } from './store/session-store.ts'

export interface Activity {
  /**
   * Returns a promise when this use is worth a write of its own: it came so long after the one before it that, until it is written, another
   * server of the same store, or this one after a crash, could take the session for one that was not used for too long.
   */
  note(session: Session, now: number): Promise<void> | undefined
  /** The session with what is noted but not written yet. */
  latest(session: Session): Session
  /** Writes what was noted until now. */
  flush(): Promise<void>
  stop(): Promise<void>
}

/** What a crash may cost of the times of last use, where no idle limit asks for less. */
const writeEvery = 15_000
/**
 * The share of the idle limit by which what is written may be behind: far from the whole of it, so that nobody is ever mistaken for idle.
 */
const lateBy = 0.1
/**
 * Ids are kept by their first two signs, so that what is written together lies together: a page of the table is then written once, not once
 * for each row.
 */
const shelves = 256

type Times = Map<string, number>

export function createActivity({
  store,
  policy,
  log,
}: {
  store: Pick<SessionStore, 'touch'>
  policy(): Pick<Policy, 'idleTimeout'>
  log: Pick<Log, 'warn'>
}): Activity {
  const noted: Times[] = Array.from({ length: shelves }, () => new Map())
  /** Taken from its shelf and not written yet. */
  let writing: Times = new Map()
  let turn: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    turn = turn.then(async () => {
      for (const [shelf, times] of noted.entries()) {
        if (times.size > 0) await write(shelf, times)
      }
    })
    return turn
  }

  async function write(shelf: number, times: Times): Promise<void> {
    writing = times
    noted[shelf] = new Map()
    try {
      await store.touch(writing)
    } catch (error) {
      // Only the time of last use is late; newer notes win over what is put back.
      log.warn({ error: String(error), sessions: writing.size }, 'last activity could not be written')
      noted[shelf] = new Map([...writing, ...(noted[shelf] ?? [])])
      schedule()
    }
    writing = new Map()
  }

  /** A store that cannot write now gets it with the next batch: the answer to who uses a session does not hang on it. */
  async function writeNow(id: string, time: number): Promise<void> {
    try {
      await store.touch(new Map([[id, time]]))
    } catch (error) {
      log.warn({ error: String(error), sessions: 1 }, 'last activity could not be written')
    }
  }

  function schedule(): void {
    timer ??= setTimeout(() => void flush(), Math.min(writeEvery, mayBeLate())).unref()
  }

  function mayBeLate(): number {
    const { idleTimeout } = policy()
    return idleTimeout === null ? Infinity : idleTimeout * lateBy
  }

  return {
    note(session, now) {
      const pause = now - session.lastActivity
      const times = noted[shelfOf(session.id)]
      // A gateway may report a use that came before one noted here.
      if (now > (times?.get(session.id) ?? -Infinity)) times?.set(session.id, now)
      if (session.lastActivity < now) session.lastActivity = now
      if (timer === undefined) schedule()
      return pause > mayBeLate() ? writeNow(session.id, now) : undefined
    },
    latest(session) {
      const time = noted[shelfOf(session.id)]?.get(session.id) ?? writing.get(session.id)
      return time === undefined || time <= session.lastActivity ? session : { ...session, lastActivity: time }
    },
    flush,
    stop: flush,
  }
}

/** The value of the id's first two hexadecimal digits. */
function shelfOf(id: string): number {
  return (digit(id.charCodeAt(0)) * 16 + digit(id.charCodeAt(1))) % shelves
}

function digit(code: number): number {
  return code >= 97 ? code - 87 : code - 48
}
