/** Races: how many answers are wrong, ours and better-auth's. The aim is none. */

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

  /** Validates as fast as it can around a revocation: an answer that was asked for after the revocation was acknowledged must say no. */
  async function revokeThenValidate(): Promise<number> {
    let wrong = 0
    for (let round = 0; round < 100; round += 1) {
      const token = await create()
      const before = Array.from({ length: 3 }, () => isGood(token))
      await revoke(token)
      const after = await Promise.all(Array.from({ length: 3 }, () => isGood(token)))
      wrong += after.filter(Boolean).length
      await Promise.all(before)
    }
    return wrong
  }

  return { '50 parallel refreshes': await parallelRefresh(), '50 parallel creates': await parallelCreate(), 'revoke all during refresh': await revokeDuringRefresh(), 'revoke, then validate': await revokeThenValidate() }
}
