/**
 * A life as one table: its states, the events that reach it, and for each pair where it leads and why that transition exists. What is not
 * in the table is illegal: it changes nothing and is reported. `docs/lifecycles/` is drawn from the tables.
 */

/** One cell of a table. */
export interface Transition<State extends string, Facts> {
  /** Every state that it can lead to. */
  to: readonly State[]
  /** Which of them, by what is true beside the state. */
  choose(facts: Facts): State
  /** The event or the race that it answers: what would go wrong without it. */
  why: string
}

export interface LifecycleTable<State extends string, Event extends string, Facts = void> {
  /** Whose life it is, in the words of the field: `browser session`. */
  name: string
  initial: State
  /** What each state means. A state without transitions is final. */
  states: Readonly<Record<State, string>>
  transitions: Readonly<Record<State, Readonly<Partial<Record<Event, Transition<State, Facts>>>>>>
}

/** A transition that leads to one state. */
export function to<State extends string>(state: State, why: string): Transition<State, unknown> {
  return { to: [state], choose: () => state, why }
}

/** A transition that leads to one of several states, by the facts. */
export function toOneOf<State extends string, Facts>(
  states: readonly State[],
  choose: (facts: Facts) => State,
  why: string,
): Transition<State, Facts> {
  return { to: states, choose, why }
}

/** The state after `event`, or null when the table does not allow it. */
export function nextState<State extends string, Event extends string, Facts>(
  table: LifecycleTable<State, Event, Facts>,
  state: State,
  event: Event,
  facts: Facts,
): State | null {
  return table.transitions[state][event]?.choose(facts) ?? null
}

export interface LifecycleHooks<State extends string, Event extends string, Facts> {
  /** What is true beside the state; read when an event is handled. */
  facts: () => Facts
  /** After the state is set, also where it stays the same: the facts may have changed. */
  onTransition: (from: State, to: State, event: Event) => void
  /** An event that the table does not allow; the state is as before. */
  onIllegal: (state: State, event: Event) => void
}

/** One life under way. */
export class Lifecycle<State extends string, Event extends string, Facts = void> {
  readonly #table: LifecycleTable<State, Event, Facts>
  readonly #hooks: LifecycleHooks<State, Event, Facts>
  #state: State

  /** `state` is where a life goes on that was kept; a new one begins at the table's `initial`. */
  constructor(table: LifecycleTable<State, Event, Facts>, hooks: LifecycleHooks<State, Event, Facts>, state: State = table.initial) {
    this.#table = table
    this.#hooks = hooks
    this.#state = state
  }

  get state(): State {
    return this.#state
  }

  /** True when the table allowed the event. */
  handle(event: Event): boolean {
    const from = this.#state
    const next = nextState(this.#table, from, event, this.#hooks.facts())
    if (next === null) {
      this.#hooks.onIllegal(from, event)
      return false
    }
    this.#state = next
    this.#hooks.onTransition(from, next, event)
    return true
  }
}
