/**
 * Calls that wait for a person's yes. One waits in the middle of the call itself, with its price held: allowed, it goes on to its server;
 * refused, in time or by time, the client reads so and pays nothing; taken back by its client, or with the end of this process, it is gone.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import type { Log } from '../../log.ts'
import type { Secrets } from '../calls/secrets.ts'
import type { CallUnderWay, Step } from '../calls/steps.ts'
import type { relayEvents } from '../events.ts'
import { RelayFault } from '../fault.ts'
import type { Json } from '../upstreams/connection.ts'
import type { StoredSession } from '../sessions/store.ts'
import { AllowedRounds } from './allowed-rounds.ts'
import { asksFirst, isDestructive } from './asks.ts'
import type { Answered, Answers } from './store.ts'

export type Decision = 'once' | 'always' | 'refuse'

/** A call that waits. */
export interface WaitingCall {
  id: string
  at: number
  /** When it is refused if nobody answers, by the clock that only rises. */
  deadline: number
  session: StoredSession
  server: { id: string; name: string }
  /** As the session knows it, and as its server does. */
  tool: string
  toolName: string
  description: string
  /** By what its server says, or does not say. */
  destructive: boolean
  /** Its server says so itself. */
  saidDestructive: boolean
  /** As a person may see them: without its secrets. */
  args: Json
  /** Held. */
  price: number
}

export interface ApprovalsParts {
  answers: Answers
  clock: Clock
  log: Log
  events: Announcer<typeof relayEvents>
  timers: Timers
  secrets: Secrets
  /** "Always": kept in the session's policy. */
  allowAlways(call: WaitingCall, actor: string): void
  changed(): void
}

/** Each answers what ends it. */
export interface Timers {
  after(ms: number, work: () => void): () => void
  every(ms: number, work: () => void): () => void
}

export const systemTimers: Timers = {
  after(ms, work) {
    const timer = setTimeout(work, ms).unref()
    return () => clearTimeout(timer)
  },
  every(ms, work) {
    const timer = setInterval(work, ms).unref()
    return () => clearInterval(timer)
  },
}

type Outcome = Decision | 'late' | 'gone'

/** A client with the common limit of a minute hears of a waiting call often enough. */
const tellEvery = 5_000
/** A client that never tires must not fill the window. */
const mostWaiting = 200

export class Approvals {
  readonly #parts: ApprovalsParts
  readonly #waiting = new Map<string, { call: WaitingCall; settle(outcome: Outcome, actor: string): void }>()
  readonly #allowed: AllowedRounds
  readonly step: Step = {
    name: 'approval',
    mayWait: true,
    concerns: asksFirst,
    around: (call, ask) => this.#around(call, () => ask(call.args)),
  }

  constructor(parts: ApprovalsParts) {
    this.#parts = parts
    this.#allowed = new AllowedRounds(parts.clock)
  }

  /** The oldest first. */
  waiting(): WaitingCall[] {
    return [...this.#waiting.values()].map(({ call }) => call)
  }

  /** Throws `approval-not-found` for one that was answered, ran out or was taken back. */
  find(id: string): WaitingCall {
    return this.#find(id).call
  }

  /** Throws `approval-not-found`. */
  answer(id: string, decision: Decision, actor: string): void {
    const { call, settle } = this.#find(id)
    if (decision === 'always') this.#parts.allowAlways(call, actor)
    settle(decision, actor)
    // What else waits for the same is answered by the same word.
    if (decision !== 'always') return
    for (const other of [...this.#waiting.values()])
      if (other.call.session.id === call.session.id && other.call.server.id === call.server.id && other.call.toolName === call.toolName)
        other.settle('always', actor)
  }

  /** Its session is over. */
  end(sessionId: string): void {
    this.#allowed.forget(sessionId)
    for (const { call, settle } of [...this.#waiting.values()]) if (call.session.id === sessionId) settle('gone', 'system')
  }

  stop(): void {
    for (const { settle } of [...this.#waiting.values()]) settle('gone', 'system')
  }

  async #around(call: CallUnderWay, ask: () => Promise<Json>): Promise<Json> {
    if (call.byPerson === true) {
      call.note('approval', 'Called by a person')
      return ask()
    }
    if (this.#allowed.take(call)) {
      call.note('approval', 'Allowed before its server asked')
      return this.#asked(call, ask)
    }
    if (this.#waiting.size >= mostWaiting) {
      call.note('approval', 'Too many wait already')
      return refused(`This call needs a person’s yes, and ${mostWaiting} others wait for one already. It was not made: try again later.`)
    }
    const outcome = await this.#decided(call)
    // What may not go on keeps no server waiting for what its client wanted to say.
    if (outcome !== 'once' && outcome !== 'always') call.laterRound?.giveUp()
    switch (outcome) {
      case 'once':
      case 'always':
        call.note('approval', outcome === 'once' ? 'Allowed once' : 'Allowed from now on')
        return this.#asked(call, ask)
      case 'refuse':
        call.note('approval', 'Refused')
        return refused('A person has refused this call. Do not try it again unless you are asked to.')
      case 'late':
        call.note('approval', 'No answer in time')
        return refused(`This call needs a person’s yes, and nobody answered in time. ${notMade(call)}`)
      case 'gone':
        throw new Error('The call was taken back while it waited for a person')
    }
  }

  /** What its client is to answer comes back as a later round of the same call. */
  async #asked(call: CallUnderWay, ask: () => Promise<Json>): Promise<Json> {
    const answer = await ask()
    const { requestState } = answer
    if (answer['resultType'] === 'input_required') this.#allowed.add(call, typeof requestState === 'string' ? requestState : null)
    return answer
  }

  #decided({ session, entry, args, signal, waiting }: CallUnderWay): Promise<Outcome> {
    const { clock, timers, secrets } = this.#parts
    if (signal?.aborted === true) return Promise.resolve('gone')
    const { upstream, tool, name, listed } = entry
    const ms = session.policy.approvals.timeout * 1_000
    const call: WaitingCall = {
      ...{ id: randomUUID(), at: clock.now(), deadline: clock.monotonic() + ms, session },
      server: { id: upstream.definition.id, name: upstream.definition.name },
      ...{ tool: name, toolName: tool.name, description: String(listed.description ?? ''), price: tool.price },
      ...{ destructive: isDestructive(tool), saidDestructive: tool.definition.annotations?.destructiveHint === true },
      args: secrets.shown(entry, args ?? {}),
    }
    const tell = (): void => {
      const left = Math.max(0, Math.ceil((call.deadline - clock.monotonic()) / 1_000))
      waiting?.(left, `Waits for a person’s yes, ${left} s left`)
    }
    return new Promise((resolve) => {
      const onAbort = (): void => settle('gone', 'system')
      const ends = [timers.after(ms, () => settle('late', 'system')), timers.every(tellEvery, tell)]
      const settle = (outcome: Outcome, actor: string): void => {
        if (!this.#waiting.delete(call.id)) return
        for (const end of ends) end()
        signal?.removeEventListener('abort', onAbort)
        this.#tell(call, outcome, actor)
        resolve(outcome)
      }
      this.#waiting.set(call.id, { call, settle })
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#parts.events.emit({ type: 'call-waits', subject: `${call.server.name}: ${call.toolName}`, data: factsOf(call) })
      this.#parts.changed()
      tell()
    })
  }

  #tell(call: WaitingCall, outcome: Outcome, actor: string): void {
    const { events, answers, clock, changed } = this.#parts
    const about = { subject: `${call.server.name}: ${call.toolName}`, actor }
    if (outcome === 'once' || outcome === 'always')
      events.emit({ type: 'call-allowed', ...about, data: { ...factsOf(call), always: outcome === 'always' } })
    else if (outcome === 'gone') events.emit({ type: 'call-taken-back', ...about, data: factsOf(call) })
    else events.emit({ type: 'call-refused', ...about, data: { ...factsOf(call), late: outcome === 'late' } })
    if (outcome !== 'gone') this.#kept(() => answers.add(answerOf(call, outcome, actor, clock.now())))
    changed()
  }

  /** A disk that refuses keeps nobody waiting for an answer that was given. */
  #kept(write: () => void): void {
    try {
      write()
    } catch (error) {
      this.#parts.log.error({ error }, 'an answer to a waiting call could not be kept')
    }
  }

  #find(id: string): { call: WaitingCall; settle(outcome: Outcome, actor: string): void } {
    const found = this.#waiting.get(id)
    if (found === undefined) throw new RelayFault('approval-not-found', 'This call does not wait for an answer any more')
    return found
  }
}

function factsOf({ session, server, tool }: WaitingCall) {
  return { id: session.id, account: session.accountId, tool, server: server.name }
}

function answerOf({ id, session, server, tool, toolName }: WaitingCall, outcome: Answered['outcome'], actor: string, at: number): Answered {
  return { ...{ id, at, tool, toolName, outcome, actor }, server: server.name, sessionId: session.id, accountId: session.accountId }
}

/** The server of a later round may have begun with what it was asked before. */
function notMade({ laterRound }: CallUnderWay): string {
  return laterRound === undefined ? 'It was not made.' : 'What the server has asked was not answered.'
}

/** Said in the result, where the model can read it. */
function refused(text: string): Json {
  return { isError: true, content: [{ type: 'text', text }] }
}
