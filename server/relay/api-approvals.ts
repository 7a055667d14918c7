/** Answers what the window asks about calls that wait for a person. */
import { iso, type Clock } from '../clock.ts'
import { actorOf, type Handlers } from '../http/api.ts'
import type { Standing } from '../http/rights.ts'
import type { Answers } from './approvals/store.ts'
import type { Approvals, WaitingCall } from './approvals/approvals.ts'
import type { approvalRoutes, WaitingCallView } from './contract/native-approvals.ts'
import { RelayFault } from './fault.ts'
import { isReached, type Sessions } from './sessions/sessions.ts'

export interface ApprovalParts {
  approvals: Approvals
  answers: Answers
  sessions: Sessions
  clock: Clock
}

export function approvalHandlers({ approvals, answers, sessions, clock }: ApprovalParts): Handlers<typeof approvalRoutes> {
  /** Of a session that is over only who manages the room knows. */
  const maySee = (sessionId: string, by: Standing): boolean => {
    const session = sessions.find(sessionId)
    return session === undefined ? by.may('relay:manage') : isReached(session, by)
  }
  return {
    relayApprovals: ({ query }, { standing }) => ({
      status: 200,
      body: {
        waiting: approvals
          .waiting()
          .filter(({ session }) => isReached(session, standing))
          .map((call) => shown(call, clock)),
        answered: answers
          .since(query.since === undefined ? undefined : Date.parse(query.since))
          .filter(({ sessionId }) => maySee(sessionId, standing))
          .map((answered) => ({ ...answered, at: iso(answered.at) })),
      },
    }),
    answerRelayApproval: ({ params, body }, { caller, standing }) => {
      const { session } = approvals.find(params.id)
      if (!isReached(session, standing)) throw new RelayFault('approval-not-found', 'This call does not wait for an answer any more')
      approvals.answer(params.id, body.decision, actorOf(caller))
      return { status: 204, body: null }
    },
  }
}

function shown({ session, server, args, at, deadline, ...call }: WaitingCall, clock: Clock): WaitingCallView {
  const left = Math.max(0, deadline - clock.monotonic())
  return {
    ...call,
    ...{ at: iso(at), until: iso(clock.now() + left), left: left / 1_000, timeout: session.policy.approvals.timeout },
    ...{ sessionId: session.id, sessionName: session.name, accountId: session.accountId },
    ...{ server: server.name, arguments: args },
  }
}
