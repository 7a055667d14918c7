/** Answers what the window asks of calls in doubt. */
import { iso } from '../../clock.ts'
import { actorOf, type Handlers } from '../../http/api.ts'
import type { creditsRoutes, DoubtView } from '../contract/credits.ts'
import type { Doubt } from './doubts-store.ts'
import type { Doubts } from './doubts.ts'

export function creditsHandlers(doubts: Doubts): Handlers<typeof creditsRoutes> {
  return {
    callsInDoubt: ({ query }) => ({
      status: 200,
      body: { open: doubts.open().map(viewOf), settled: doubts.settled(query.settled).map(viewOf) },
    }),
    settleCallsInDoubt: ({ body }, { caller }) => ({
      status: 200,
      body: { calls: doubts.settle(body.ids, body.outcome, body.reason, actorOf(caller)).map(viewOf) },
    }),
  }
}

function viewOf({ at, inDoubtSince, settledAt, ...doubt }: Doubt): DoubtView {
  return { ...doubt, at: iso(at), inDoubtSince: iso(inDoubtSince), settledAt: settledAt === null ? null : iso(settledAt) }
}
