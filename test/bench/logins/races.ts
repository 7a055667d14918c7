/** Races: how many answers are wrong, ours and better-auth's. The aim is none. */
import { setTimeout } from 'node:timers/promises'

export interface RaceSubject {
  name: string
  /** A fresh session; `near` its end when it is to be renewed. */
  create(near?: boolean): Promise<string>
  isGood(token: string): Promise<boolean>
  revoke(token: string): Promise<void>
  revokeAll(token: string): Promise<void>
  /** The token to go on with; null where the subject has no such call. */
  refresh: ((token: string) => Promise<string | null>) | null
  /** How many of a user's sessions may be good at once; null where there is no such limit. */
  limit: number | null
}

export async function race(subject: RaceSubject): Promise<Record<string, number | null>> {
  const { create, isGood, revoke, revokeAll, refresh, limit } = subject

  async function parallelRefresh(): Promise<number | null> {
    if (refresh === null) return null
    const token = await create(true)
    const next = await Promise.all(Array.from({ length: 50 }, () => refresh(token)))
    const different = new Set(next)
    const stillGood = await Promise.all([...different].map((each) => (each === null ? false : isGood(each))))
    return different.size - 1 + stillGood.filter((good) => !good).length
  }

  async function parallelCreate(): Promise<number | null> {
    if (limit === null) return null
    const tokens = await Promise.all(Array.from({ length: 50 }, () => create()))
    const good = await Promise.all(tokens.map(isGood))
    return Math.abs(good.filter(Boolean).length - limit)
  }

  async function revokeDuringRefresh(): Promise<number | null> {
    if (refresh === null) return null
    let wrong = 0
    for (let round = 0; round < 10; round += 1) {
      const token = await create(true)
      const [, ...tokens] = await Promise.all([revokeAll(token), ...Array.from({ length: 10 }, () => refresh(token).catch(() => null))])
      for (const each of new Set([token, ...tokens])) if (each !== null && (await isGood(each))) wrong += 1
    }
    return wrong
  }

  /** Validates every millisecond around a revocation: what was asked after it was acknowledged must be answered no, and at once too. */
  async function revokeThenValidate(): Promise<number> {
    let wrong = 0
    for (let round = 0; round < 50; round += 1) {
      const token = await create()
      let acknowledged = false
      const asked: Promise<void>[] = []
      const ask = (): void => {
        const mustBeOver = acknowledged
        asked.push(isGood(token).then((good) => void (good && mustBeOver && (wrong += 1))))
      }
      const ticks = setInterval(ask, 1)
      await setTimeout(10)
      await revoke(token)
      acknowledged = true
      ask()
      await setTimeout(20)
      clearInterval(ticks)
      await Promise.all(asked)
    }
    return wrong
  }

  return {
    '50 parallel refreshes': await parallelRefresh(),
    '50 parallel creates': await parallelCreate(),
    'revoke all during refresh': await revokeDuringRefresh(),
    'revoke, validating every ms': await revokeThenValidate(),
  }
}
