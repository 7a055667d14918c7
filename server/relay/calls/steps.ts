/**
 * What a person has put between a client and a tool. Every tool call passes here, whichever way it came: `MeteredCall.make` is the only
 * place that asks a server for one. Steps stand in one list, the first outermost; each is a file of its own in the folder of its wing and
 * joins in `relay/index.ts`. A call that concerns none of them asks its server straight away.
 */
import type { StoredSession } from '../sessions/store.ts'
import type { ToolEntry } from '../sessions/view.ts'
import type { Json, Message } from '../upstreams/connection.ts'

/** What a call is, before anything is asked. */
export interface CallToMake {
  session: StoredSession
  entry: ToolEntry
  /** As the client sent them. */
  args: Json | undefined
  /** Aborted when nobody waits for the answer any more; undefined where that is never known. */
  signal: AbortSignal | undefined
  /** A person makes it, in the window. */
  byPerson?: boolean | undefined
}

/** A stateless client has come back with what its server asked in an `input_required`: to people it is one call with the round before. */
export interface LaterRound {
  /** What the client says that it was given to come back with; null for nothing. */
  state: string | null
  /** It goes no further: a server that waits for the answer in the middle of its call is told. */
  giveUp(): void
}

/** The same while it is made. */
export interface CallUnderWay extends CallToMake {
  laterRound?: LaterRound | undefined
  /** Says what a step did, in a few words, for the inspector. */
  note(step: string, did: string): void
  /** Its client was asked something meanwhile, or in a round before: the answer is for what it said, not for the arguments alone. */
  clientWasAsked(): boolean
  /** The answer did not come from the server: the call is counted and costs nothing. */
  costsNothing(): void
  /** Tells a client that asked for progress that the call is alive; `left` are the seconds it may still wait, fewer each time. */
  waiting?: ((left: number, message: string) => void) | undefined
}

/** Asks the next step, and in the end the server, with these arguments. Throws what the server answers as an error. */
export type Ask = (args: Json | undefined) => Promise<Json>

export interface Step {
  /** In the inspector. */
  readonly name: string
  /** May keep a call waiting for long, e.g. for a person: such a call takes the long way, on which its client hears that it is alive. */
  readonly mayWait: boolean
  /** Whether it does anything with calls of this tool. Asked with every call: it looks and does no work. */
  concerns(session: StoredSession, entry: ToolEntry): boolean
  /** Makes the call its way: asks with other arguments, not at all, or changes the answer. An `input_required` is not the end of a call. */
  around(call: CallUnderWay, ask: Ask): Promise<Json>
  /** What the server says while the call is under way (logging, progress), as the client is to hear it. */
  heard?(call: CallToMake, message: Message): Message
}

/** What a step did to a call. */
export interface StepNote {
  step: string
  did: string
}

export class CallSteps {
  readonly #steps: readonly Step[]

  constructor(steps: readonly Step[] = []) {
    this.#steps = steps
  }

  /** A call of this tool may be kept waiting for long. */
  mayWait(session: StoredSession, entry: ToolEntry): boolean {
    for (const step of this.#steps) if (step.mayWait && step.concerns(session, entry)) return true
    return false
  }

  /** Makes a call through the steps that concern it; what they did is added to `notes`. */
  around(call: CallUnderWay, ask: Ask): Promise<Json> {
    const concerned = this.#concerned(call)
    if (concerned === null) return ask(call.args)
    const through = concerned.reduceRight<Ask>((next, step) => async (args) => step.around({ ...call, args }, next), ask)
    return through(call.args)
  }

  /** What the server says while a call is under way, as the client is to hear it. */
  heard(call: CallToMake, message: Message): Message {
    return (this.#concerned(call) ?? []).reduce((said, step) => step.heard?.(call, said) ?? said, message)
  }

  /** Null for none, which is what most calls are: nothing is made for them. */
  #concerned({ session, entry }: CallToMake): readonly Step[] | null {
    let concerned: Step[] | null = null
    for (const step of this.#steps) if (step.concerns(session, entry)) (concerned ??= []).push(step)
    return concerned
  }
}
