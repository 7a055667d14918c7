/** What the parts of a session have in common: its state, why it is in it, what happened, and its end. */
import { createSignal } from '../../async/signal.ts'
import type { Clock } from '../../clock.ts'
import { Lifecycle, type LifecycleHooks } from '../../lifecycle.ts'
import type { EndReason, SessionState } from '../contract/index.ts'
import type { SessionEventFacts, SessionEventKind } from '../events.ts'
import { BrowserFault } from '../fault.ts'
import { History, type RecordedEvent } from './history.ts'
import { isLive, sessionLifecycle, type SessionFacts, type SessionLifecycleEvent } from './session-lifecycle.ts'

export interface CoreHooks {
  /** What the parts know; read when an event is handled. */
  facts(): SessionFacts
  /** Something that a list or a view shows has changed. */
  onChanged(): void
  onRecorded(event: RecordedEvent, actor: string): void
  /** The table of transitions refused; a defect. */
  onIllegalTransition(event: SessionLifecycleEvent): void
  /** `hibernated` for one that wakes. */
  begins: SessionState
}

export class SessionCore {
  readonly clock: Clock
  readonly #hooks: CoreHooks
  readonly #lifecycle: Lifecycle<SessionState, SessionLifecycleEvent, SessionFacts>
  readonly #life = new AbortController()
  readonly #ended = createSignal<[reason: string]>()
  readonly history = new History()
  #stateSince: number
  #reason: string | null = null
  #endReason: EndReason | null = null

  constructor(clock: Clock, hooks: CoreHooks) {
    this.clock = clock
    this.#hooks = hooks
    this.#stateSince = clock.now()
    const lifeHooks: LifecycleHooks<SessionState, SessionLifecycleEvent, SessionFacts> = {
      facts: () => hooks.facts(),
      onTransition: (from, to) => {
        if (from !== to) this.#stateSince = clock.now()
        hooks.onChanged()
      },
      onIllegal: (_, event) => hooks.onIllegalTransition(event),
    }
    this.#lifecycle = new Lifecycle(sessionLifecycle, lifeHooks, hooks.begins)
  }

  get state(): SessionState {
    return this.#lifecycle.state
  }

  /** On the wall clock. */
  get stateSince(): number {
    return this.#stateSince
  }

  get live(): boolean {
    return isLive(this.state)
  }

  /** Why it is in this state, where there is something to say. */
  get reason(): string | null {
    return this.#reason
  }

  get endReason(): EndReason | null {
    return this.#endReason
  }

  /** Aborts when the session begins to end; everything that works for it listens. */
  get life(): AbortSignal {
    return this.#life.signal
  }

  /** Called once, when the session begins to end, with the reason in plain words. Returns what ends the subscription. */
  onEnd(listener: (reason: string) => void): () => void {
    return this.#ended.subscribe(listener)
  }

  events(): RecordedEvent[] {
    return this.history.list()
  }

  handle(event: SessionLifecycleEvent): void {
    this.#lifecycle.handle(event)
  }

  changed(): void {
    this.#hooks.onChanged()
  }

  explain(reason: string | null): void {
    this.#reason = reason
  }

  record<Kind extends SessionEventKind>(kind: Kind, facts: SessionEventFacts<Kind>, actor = 'system'): void {
    this.#hooks.onRecorded(this.history.add(this.clock.now(), kind, facts, actor), actor)
  }

  /** Ends the use of it at once. */
  beginEnd(reason: EndReason, text: string): void {
    this.#endReason = reason
    this.#reason = text
    this.handle('ending')
    this.#life.abort(new BrowserFault('session-ended', `The session ended: ${text}`, { reason }))
    this.#ended.emit(text)
    this.#ended.clear()
  }
}
