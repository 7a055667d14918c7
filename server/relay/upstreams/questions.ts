/**
 * What a server asks over a connection that several clients share, and whom it means. The protocol does not say, so only what is certain is
 * passed on: a question that comes on the stream of a request, or while requests of one client alone are under way. A tool that is known to
 * ask runs alone for that reason. Everything else is refused, and the server hears why.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { isDoneWithin, waitFor } from '../../async/deadline.ts'
import { createSignal } from '../../async/signal.ts'
import type { AskingTools } from './asking-tools.ts'
import { canAnswer, canBeAsked, type CallOptions, type Caller } from './callers.ts'
import type { Json, Message } from './connection.ts'

export interface QuestionsParts {
  tools: AskingTools
  /** The transport hands over what belongs to a request within that request. */
  related: boolean
  /** The client that is meant when nothing is under way; undefined where there are several. */
  only(): Caller | undefined
  /** Those whose roots a server may be told that asks for them between requests. */
  rooted(): readonly Caller[]
  note(text: string): void
  /** What the server logs while nothing is under way. */
  saidBetween?(message: Message): void
}

type Given = { [Key in 'caller' | 'ask' | 'onNotification']?: CallOptions[Key] | undefined }
interface Underway extends Given {
  tool: string | undefined
  asked: boolean
  /** Nobody else's request was under way so far. */
  alone: boolean
}

/** Ms that a request waits for others because one of them asks its client; then it goes on, and what is asked meanwhile is refused. */
const aloneWait = 30_000
/** Ms that a client has to name its roots when it is asked between its requests. */
const rootsWait = 3_000

/** What the server hears in place of an answer; the code is that for a method there is nobody for. */
class NobodyToAsk extends Error {
  readonly code = -32_601
}

export class Questions {
  readonly #parts: QuestionsParts
  readonly #underway = new Set<Underway>()
  readonly #context = new AsyncLocalStorage<Underway>()
  readonly #freed = createSignal()
  /** Requests that are to run and wait for their turn. */
  #waiting = 0
  /** The last one that found nothing under way, until another comes. */
  #first: Underway | undefined
  /** The client whose asking tool runs, and how many of them. */
  #alone: { caller: Caller; calls: number; begun: boolean } | undefined

  constructor(parts: QuestionsParts) {
    this.#parts = parts
  }

  /** Requests under way, and those that wait for their turn: between two of them nothing is idle. */
  get size(): number {
    return this.#underway.size + this.#waiting
  }

  /** Runs a request so that what the server says and asks meanwhile finds its client. */
  async run<Result>(message: Message, { caller, ask, onNotification }: Given, work: () => Promise<Result>): Promise<Result> {
    const tool = message.method === 'tools/call' ? nameIn(message) : undefined
    let release: (() => void) | undefined
    if (this.#alone !== undefined || this.#asksFor(tool, caller)) {
      this.#waiting += 1
      try {
        release = await this.#turn(tool, caller)
      } finally {
        this.#waiting -= 1
      }
    }
    const own: Underway = { caller, ask, onNotification, tool, asked: false, alone: this.#underway.size === 0 }
    if (this.#first !== undefined) this.#first.alone = false
    this.#first = own.alone ? own : undefined
    this.#underway.add(own)
    try {
      return await (this.#parts.related ? this.#context.run(own, work) : work())
    } finally {
      this.#underway.delete(own)
      if (tool !== undefined && own.alone && !own.asked) this.#parts.tools.askedNothing(tool)
      release?.()
      if (this.#freed.size > 0) this.#freed.emit()
    }
  }

  /** What is said while one client's requests run belongs to the last of them; while several clients' run nobody can tell. */
  hear(message: Message): void {
    const heard = this.#context.getStore() ?? this.#certain()
    if (heard !== undefined) return heard.onNotification?.(message)
    if (this.#underway.size > 0) return
    const { only, saidBetween } = this.#parts
    const one = only()
    if (one === undefined) saidBetween?.(message)
    else one.notify(message)
  }

  /** The answer to what the server asks. Throws what it is to hear when there is none. */
  async answer(message: Message, signal: AbortSignal): Promise<Json> {
    const asking = this.#context.getStore() ?? this.#certain()
    if (asking === undefined) return this.#answerBetween(message, signal)
    const { caller, ask, tool } = asking
    if (tool !== undefined) this.#parts.tools.asked(tool)
    asking.asked = true
    if (caller !== undefined && canAnswer(caller.capabilities, message)) return (ask ?? caller.ask)(message, signal)
    if (message.method === 'roots/list') return { roots: [] }
    throw new NobodyToAsk(`The client of this request cannot be asked for ${message.method}`)
  }

  async #answerBetween(message: Message, signal: AbortSignal): Promise<Json> {
    const { only, note, tools } = this.#parts
    const one = this.#underway.size === 0 ? only() : undefined
    if (one !== undefined && canAnswer(one.capabilities, message)) return one.ask(message, signal)
    if (message.method === 'roots/list') return { roots: await this.#allRoots(signal) }
    for (const { tool } of this.#underway) if (tool !== undefined) tools.mayHaveAsked(tool)
    const several = this.#underway.size > 0
    const why = several ? 'requests of several clients are under way' : 'no request is under way'
    note(`it asked for ${message.method} while ${why}: nobody can tell whom it means. A process for each client would tell`)
    throw new NobodyToAsk(`Nobody can tell which client ${message.method} is for: ${why}`)
  }

  /** The one request, or the last of one client, that can be meant. */
  #certain(): Underway | undefined {
    let last: Underway | undefined
    for (const each of this.#underway) {
      if (last !== undefined && (each.caller === undefined || each.caller !== last.caller)) return undefined
      last = each
    }
    return last
  }

  /** Of all clients that are there, as far as they are one account's: what one person opened to a server is not another's. */
  async #allRoots(signal: AbortSignal): Promise<unknown[]> {
    const callers = this.#parts.rooted()
    if (new Set(callers.map(({ account }) => account)).size > 1) return []
    const found = await Promise.all(
      callers.map(async (caller) => {
        let roots: unknown
        const asked = caller.ask({ method: 'roots/list' }, signal).then(
          (answer) => void ({ roots } = answer),
          () => undefined,
        )
        await isDoneWithin(rootsWait, asked)
        return Array.isArray(roots) ? (roots as unknown[]) : []
      }),
    )
    const byAddress = new Map(found.flat().map((root) => [uriOf(root), root]))
    return [...byAddress.values()]
  }

  #asksFor(tool: string | undefined, caller: Caller | undefined): caller is Caller {
    const { related, tools } = this.#parts
    return !related && caller !== undefined && tool !== undefined && canBeAsked(caller.capabilities) && tools.mayAsk(tool)
  }

  /** Waits until the request may run; what it returns lets the next one run. */
  async #turn(tool: string | undefined, caller: Caller | undefined): Promise<(() => void) | undefined> {
    // What already runs may need another request of its client to come to its end.
    const isFree = (): boolean =>
      this.#alone === undefined || this.#alone.caller === caller || (!this.#alone.begun && caller !== undefined && this.#runs(caller))
    // Of several that wait the first to wake may take the turn.
    while (!isFree() && (await this.#until(isFree)));
    if (!this.#asksFor(tool, caller)) return undefined
    // Those that come now wait behind it; those that run are waited for.
    const alone = this.#alone?.caller === caller ? this.#alone : { caller, calls: 0, begun: false }
    alone.calls += 1
    this.#alone = alone
    await this.#until(() => [...this.#underway].every((other) => other.caller === caller))
    alone.begun = true
    return () => {
      alone.calls -= 1
      if (alone.calls === 0 && this.#alone === alone) this.#alone = undefined
    }
  }

  #runs(caller: Caller): boolean {
    return [...this.#underway].some((each) => each.caller === caller)
  }

  /** False when it took too long. */
  async #until(condition: () => boolean): Promise<boolean> {
    let met = condition()
    const look = (done: () => void): void => {
      met ||= condition()
      if (met) done()
    }
    if (!met) await waitFor(aloneWait, (done) => this.#freed.subscribe(() => look(done)))
    return met
  }
}

function nameIn({ params }: Message): string | undefined {
  const name = params?.['name']
  return typeof name === 'string' ? name : undefined
}

function uriOf(root: unknown): unknown {
  return typeof root === 'object' && root !== null && 'uri' in root ? root.uri : root
}
