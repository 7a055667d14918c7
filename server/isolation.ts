/**
 * Where an error goes that reached no promise of ours. Libraries throw inside callbacks of sockets, timers and child processes; unattended,
 * one such throw ends the process and every room with it. Whoever starts something that goes on by itself does so `within` a scope: the
 * engine carries the scope along to all that is called back later, and what escapes there comes back to that scope, which ends or restarts
 * what it stands for.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { ApiName } from './http/contract.ts'

/** What an error can come from: one bot, one server, one client, one browser; a room as a whole; one request. */
export interface Origin {
  room: ApiName
  /** The field's word for it: `bot`, `upstream`, `client`, `browser`, `webhook`, `room`, `request`. */
  kind: string
  /** Names it among those of its kind; may be shown, so never a secret. */
  id: string
}

export interface Scope extends Origin {
  /**
   * Ends or restarts what the scope stands for, with `reason` in words a person may read. Called for each error, so perhaps more than once,
   * and from outside of any call: it must not rely on its caller. When it throws or rejects, both errors go to the scope around, last of
   * all to the room's.
   */
  escaped(error: Error, reason: string): unknown
  /** Over before long, like a request: what it starts and leaves running belongs to the scope around it. */
  passing?: boolean
}

/** An escaped error as logs and meters see it: told once, before the scope acts on it. */
export interface Escape {
  error: Error
  reason: string
  /** Null when nobody can tell. */
  origin: Origin | null
}

interface Active {
  scope: Scope
  around: Active | undefined
  report: ((escape: Escape) => void) | undefined
}

const current = new AsyncLocalStorage<Active>()

/** Runs `work`, and all that it causes, on behalf of `scope`. What it throws or rejects with is still its caller's. */
export function within<Result>(scope: Scope, work: () => Result): Result {
  return current.run(inside(scope), work)
}

/**
 * A callback for what was not made within the scope, e.g. a socket that a listener accepted: runs within it, and what it throws goes to the
 * scope in place of the one who calls.
 */
export function contained<Args extends readonly unknown[]>(scope: Scope, callback: (...args: Args) => unknown): (...args: Args) => void {
  const active = inside(scope)
  return (...args) => {
    current.run(active, () => {
      try {
        const result = callback(...args)
        if (result instanceof Promise) result.catch(escape)
      } catch (error) {
        handle(error, active)
      }
    })
  }
}

/**
 * All that an emitter made elsewhere calls back runs within the scope, whoever registered it. The emitter's own `emit` is what calls, so
 * none is missed; one listener's failure does not keep the event from the emitter's other work, but from the listeners after it, as ever.
 */
export function containEvents(scope: Scope, emitter: EventEmitter): void {
  const active = inside(scope)
  // Entered once: `run` copies all that is kept for the running code, which for every frame of a socket is dearer than the frame.
  const enter = current.run(active, () => AsyncLocalStorage.snapshot())
  const emit = emitter.emit.bind(emitter)
  const guarded = (...event: Parameters<typeof emit>): boolean => {
    try {
      return emit(...event)
    } catch (error) {
      handle(error, active)
      return true
    }
  }
  emitter.emit = (...event) => enter(guarded, ...event)
}

/** For a promise that nobody awaits: `work().catch(escape)` hands its failure to the scope in which it was started. */
export function escape(error: unknown): void {
  handle(error, current.getStore())
}

/** The outermost scope of a room: `report` hears of every escape below it. */
export function withinRoom<Result>(scope: Scope, report: (escape: Escape) => void, work: () => Result): Result {
  return current.run({ scope, around: undefined, report }, work)
}

/** What is running now belongs to this; null when nobody said. */
export function originNow(): Origin | null {
  const active = current.getStore()
  return active === undefined ? null : originOf(active.scope)
}

/**
 * Takes what escapes from the whole process, so that it ends nothing but what it came from. `report` hears of what no scope stands around.
 * Returns what gives the process back. Node calls back in the context in which the throwing code ran, which is how the scope is known.
 */
export function catchEscapes(report: (escape: Escape) => void): () => void {
  const take = (error: unknown): void => handle(error, current.getStore(), report)
  process.on('uncaughtException', take)
  process.on('unhandledRejection', take)
  return () => {
    process.off('uncaughtException', take)
    process.off('unhandledRejection', take)
  }
}

/** The first line of an error, without what an address in it may carry: user, password, query. */
export function reasonOf(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message || error.name : String(error)).split('\n')
  const shown = line.replace(/\b([a-z][a-z\d+.-]{0,20}:\/\/)(?:[^\s/?#@]{1,500}@)?([^\s?#"']{0,500})[^\s"']*/gi, '$1$2').slice(0, 200)
  return shown === '' ? 'an error without words' : shown
}

function inside(scope: Scope): Active {
  let around = current.getStore()
  while (around?.scope.passing === true) around = around.around
  return { scope, around, report: around?.report }
}

function handle(thrown: unknown, active: Active | undefined, fallback?: (escape: Escape) => void): void {
  const error = thrown instanceof Error ? thrown : new Error(reasonOf(thrown))
  const report = active?.report ?? fallback
  try {
    report?.({ error, reason: reasonOf(error), origin: active === undefined ? null : originOf(active.scope) })
  } catch {
    // Who counts and logs must not stand in the way of what ends the fault.
  }
  settle(error, active)
}

/** Outward from the innermost, until one scope has dealt with it. */
function settle(error: Error, active: Active | undefined): void {
  if (active === undefined) return
  const outward = (second: unknown): void => settle(new Error(reasonOf(second), { cause: error }), active.around)
  // In the scope around: a handler that lets something escape itself must not come back to itself for ever.
  const act = (): unknown => active.scope.escaped(error, reasonOf(error))
  try {
    const acted = active.around === undefined ? current.exit(act) : current.run(active.around, act)
    if (acted instanceof Promise) acted.catch(outward)
  } catch (second) {
    outward(second)
  }
}

function originOf({ room, kind, id }: Scope): Origin {
  return { room, kind, id }
}
