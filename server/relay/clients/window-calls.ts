/** The last calls as the window inspects them, and those it makes itself, as a session would. */
import { iso } from '../../clock.ts'
import type { Standing } from '../../http/rights.ts'
import type { CallLog, LoggedCall } from '../billing/call-log.ts'
import { MeteredCall, type Meter } from '../billing/metered-call.ts'
import { answerRestCall } from '../calls/rest-tool.ts'
import type { Rests } from '../calls/rests.ts'
import { callerKey } from '../built-in/server.ts'
import type { RelayCall, RelayCallDetail } from '../contract/native-calls.ts'
import { RelayFault } from '../fault.ts'
import type { SessionAdmin } from '../sessions/admin.ts'
import type { StoredSession } from '../sessions/store.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { Json } from '../upstreams/connection.ts'
import { builtInId } from '../upstreams/definition.ts'
import type { CallTimeout } from '../upstreams/definition.ts'
import { callAsTask, requiresTask } from '../upstreams/tasks.ts'

export interface WindowCallsOptions {
  calls: CallLog
  meter: Meter
  sessions: Sessions
  sessionAdmin: SessionAdmin
  /** What was left of answers that were too large. */
  rests: Rests
  callTimeout: CallTimeout
}

export class WindowCalls {
  readonly #options: WindowCallsOptions

  constructor(options: WindowCallsOptions) {
    this.#options = options
  }

  /** Newest first, those that the caller may read. */
  list(limit: number, by: Standing, session?: string): RelayCall[] {
    return this.#options.calls.list(limit, session, this.#mayRead(by)).map(viewOf)
  }

  /** With what was sent and what came back. Throws `call-not-found`. */
  find(id: number, by: Standing): RelayCallDetail {
    const call = this.#options.calls.find(id)
    if (call === undefined || !this.#mayRead(by)(call)) throw new RelayFault('call-not-found', 'This call is no longer kept')
    return { ...viewOf(call), request: call.request, response: call.response, secrets: call.secrets }
  }

  /** Throws `session-not-found`, `session-beyond-caller`, `tool-not-found`, `credits-short`. */
  async make(sessionId: string, name: string, args: Json, by: Standing): Promise<{ call: RelayCall; result: unknown }> {
    const { meter, sessionAdmin, callTimeout } = this.#options
    const session = sessionAdmin.holdable(sessionId, by)
    const view = sessionAdmin.viewOf(session)
    const entry = view.tools.get(name)
    if (entry === undefined) {
      const rest = answerRestCall(this.#options.rests, session, { name, arguments: args })
      if (rest !== undefined) return { call: viewOf(this.#logRead(session, name, args, rest)), result: rest }
      throw new RelayFault('tool-not-found', sessionAdmin.missing(view, name))
    }
    const held = meter.hold({ session, entry, request: { name, arguments: args } })
    if (!(held instanceof MeteredCall))
      throw new RelayFault('credits-short', 'This call may not be made: not enough credits, or a limit of the session', { ...held })
    const { upstream, tool } = entry
    const meta = upstream.definition.id === builtInId ? { _meta: { [callerKey]: session.id } } : {}
    const { outcome, logged } = await held.make({ args, byPerson: true }, (given) => {
      const message = { method: 'tools/call', params: { name: tool.name, arguments: given, ...meta } }
      const options = { timeout: callTimeout(upstream.definition) }
      return requiresTask(tool.definition) && !upstream.isModern
        ? callAsTask((asked, how) => upstream.request(asked, how), message, options)
        : upstream.request(message, options)
    })
    return { call: viewOf(logged), result: outcome instanceof Error ? { error: outcome.message } : outcome }
  }

  /** Reading on in an answer that was cut asks no server and costs nothing. */
  #logRead({ id: sessionId, accountId }: StoredSession, tool: string, args: Json, response: Json): LoggedCall {
    const about = { sessionId, accountId, upstreamId: builtInId, tool, request: { name: tool, arguments: args }, response }
    const state = response['isError'] === true ? 'failed' : 'succeeded'
    return this.#options.calls.add({
      ...about,
      state,
      ...{ duration: 0, serverDuration: 0, price: 0, credits: 0, error: null, steps: [], secrets: [] },
    })
  }

  /** Calls of sessions that the caller may see; of one that is over nobody knows any more whose it was. */
  #mayRead(by: Standing): (call: { sessionId: string }) => boolean {
    const known = new Map<string, boolean>()
    return ({ sessionId }) => {
      const before = known.get(sessionId)
      if (before !== undefined) return before
      const session = this.#options.sessions.find(sessionId)
      const may = by.may('relay:manage') || (session !== undefined && by.reaches('relay', { subject: sessionId, makers: [session.madeBy] }))
      known.set(sessionId, may)
      return may
    }
  }
}

function viewOf({ request: _, response: __, secrets: ___, at, ...call }: LoggedCall): RelayCall {
  return { ...call, at: iso(at) }
}
