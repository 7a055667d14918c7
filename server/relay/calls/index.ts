/** What stands between a client and a tool: the steps of this wing and what they keep. */
import type { Clock } from '../../clock.ts'
import { AnswerCache } from './answer-cache.ts'
import { createCacheStep } from './cache-step.ts'
import { createCapStep } from './cap-step.ts'
import { redactStep } from './redact-step.ts'
import { Rests } from './rests.ts'
import type { Step } from './steps.ts'

export interface Between {
  /** What is cut is clean. */
  outer: readonly Step[]
  /** Next to the server: what is kept is what it said to the arguments that were sent. */
  inner: Step
  rests: Rests
  cache: AnswerCache
  /** A session is over. */
  forget(sessionId: string): void
}

export function createBetween(clock: Clock): Between {
  const rests = new Rests(clock)
  const cache = new AnswerCache(clock)
  return {
    outer: [createCapStep(rests), redactStep],
    inner: createCacheStep(cache),
    rests,
    cache,
    forget(sessionId) {
      rests.forget(sessionId)
      cache.forgetSession(sessionId)
    },
  }
}
