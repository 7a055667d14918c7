/**
 * Connections to one server that belong to one client or one session, where a person wants that: a process each for a program. Each ends a
 * while after its last request, their number is bounded, and what goes wrong on one ends it alone; the next request opens another. One that
 * ends, or whose start is given up, keeps its place until its process is gone.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { RelayFault } from '../fault.ts'
import { escape, within } from '../../isolation.ts'
import { askable, canBeAsked, type CallOptions, type Caller } from './callers.ts'
import type { AskingTools } from './asking-tools.ts'
import type { Json, Message, UpstreamConnection } from './connection.ts'
import { openConnection } from './open-connection.ts'
import { OwnConnection, type OwnProcess } from './own-connection.ts'
import { longestIdle, type Budgeted, type ProcessBudget } from './process-budget.ts'
import type { Reach } from './shared-connection.ts'
import type { ToolDefinition } from './store.ts'

export interface OwnConnectionsParts {
  server: string
  of: 'session' | 'client'
  /** Seconds after the last request. */
  idleAfter: number
  atMost: number
  budget: ProcessBudget
  tools: AskingTools
  listTimeout: number
  now(): number
  /** How the server is reached; `signal` ends a connection that is being made. */
  reach(signal: AbortSignal): Reach
  isModern(): boolean
  /** Tools that were listed on one of them; `mayAsk`: for a client that can be asked. */
  learn(tools: readonly ToolDefinition[], mayAsk: boolean): void
  /** One was opened or has ended, or lists something else. */
  changed(): void
  note(text: string): void
}

export class OwnConnections {
  readonly #parts: OwnConnectionsParts
  readonly #byKey = new Map<string, OwnConnection>()
  /** These, and those that end. */
  readonly #places = new Set<OwnConnection>()
  /** They belong to the server, whichever request opened them. */
  readonly #outside = AsyncLocalStorage.snapshot()
  #count = 0

  constructor(parts: OwnConnectionsParts) {
    this.#parts = parts
  }

  /** Throws `own-processes-full`, and what the server answers. */
  async request(caller: Caller, message: Message, options: CallOptions, stopped: AbortSignal): Promise<Json> {
    return (await this.open(caller, stopped)).request(caller, message, options)
  }

  /** The one there is for the caller, or a new one; resolves when its tools are known. Throws `own-processes-full`. */
  async open(caller: Caller, stopped: AbortSignal): Promise<OwnConnection> {
    const key = this.#keyOf(caller)
    // Looked at again after each wait: of two requests that come at once the second is to find what the first one opened.
    for (;;) {
      stopped.throwIfAborted()
      const existing = this.#byKey.get(key)
      if (existing !== undefined && !this.#mustBeAnew(existing, caller)) {
        existing.join(caller)
        await existing.ready
        return existing
      }
      const inTheWay = existing === undefined ? this.#inTheWay() : existing
      if (inTheWay === null) break
      await inTheWay.close()
    }
    const own = this.#make(key, caller, stopped)
    try {
      await own.ready
      return own
    } catch (error) {
      await own.close()
      throw error
    }
  }

  /** What is listed on the caller's own; undefined when there is none. */
  toolsOf(caller: Caller): readonly ToolDefinition[] | undefined {
    return this.#byKey.get(this.#keyOf(caller))?.tools
  }

  all(): OwnProcess[] {
    return [...this.#byKey.values()].map((own) => own.view())
  }

  /** Ends one of them. False when there is none of this id. */
  async endOne(id: string): Promise<boolean> {
    const own = [...this.#byKey.values()].find((each) => each.id === id)
    await own?.close()
    return own !== undefined
  }

  /** The client has gone: what was its alone is of no more use. */
  left(caller: Caller): void {
    const own = this.#byKey.get(this.#keyOf(caller))
    if (own === undefined) return
    own.leave(caller)
    if (this.#parts.of === 'client') own.close().catch(escape)
  }

  async tellLevel(caller: Caller, level: string): Promise<void> {
    await this.#byKey.get(this.#keyOf(caller))?.tellLevel(level)
  }

  notify(caller: Caller, message: Message): void {
    this.#byKey.get(this.#keyOf(caller))?.notify(message)
  }

  /** The next request of each client opens another. */
  async end(): Promise<void> {
    await Promise.all([...this.#places].map((own) => own.close()))
  }

  #make(key: string, caller: Caller, stopped: AbortSignal): OwnConnection {
    const { of, idleAfter, tools, listTimeout, now, learn, changed, note, budget, reach, server } = this.#parts
    this.#count += 1
    const attempt = new AbortController()
    const own: OwnConnection = new OwnConnection({
      ...{ id: `${server}-${this.#count}`, alone: of === 'client', tools, listTimeout, now, learn, changed },
      related: reach(stopped).definition.transport === 'http',
      idleAfter: idleAfter * 1_000,
      onIdle: () => void own.close().catch(escape),
      onGone: (reason) => {
        // What is opened for nobody must not go on for as long as a start may take.
        attempt.abort(reason)
        this.#byKey.delete(key)
        changed()
      },
      onEnded: () => {
        this.#places.delete(own)
        release()
      },
      note,
      connect: (options) => {
        const signal = AbortSignal.any([stopped, attempt.signal])
        const escaped = (_: Error, reason: string): void => {
          note(`a client's connection caused an error here: ${reason}`)
          own.close(new Error(reason)).catch(escape)
        }
        const capabilities = of === 'client' ? caller.capabilities : canBeAsked(caller.capabilities) ? askable : {}
        return this.#outside(() =>
          within({ room: 'relay', kind: 'client', id: caller.session, escaped }, () =>
            this.#connect({ ...reach(signal), capabilities, ...options }),
          ),
        ).then(async (connection) => {
          if (!signal.aborted) return connection
          await connection.close()
          throw signal.reason
        })
      },
    })
    this.#byKey.set(key, own)
    this.#places.add(own)
    const release = budget.take(own)
    own.open(caller)
    changed()
    return own
  }

  /** One of a session was opened for a client that cannot be asked: its server does not know that another can. */
  #mustBeAnew(own: OwnConnection, caller: Caller): boolean {
    return !own.isBusy && !own.mayAsk && canBeAsked(caller.capabilities)
  }

  /** What has to end before there may be another; null when there is room. Throws `own-processes-full`. */
  #inTheWay(): Budgeted | null {
    const { atMost, budget, server } = this.#parts
    if (this.#places.size >= atMost) {
      const idle = longestIdle(this.#places)
      if (idle !== undefined) return idle
      throw new RelayFault('own-processes-full', `The server ${server} has ${atMost} connections of clients' own, and all are in use`, {
        upstream: server,
      })
    }
    if (budget.hasRoom) return null
    const idle = budget.longestIdle()
    if (idle !== undefined) return idle
    throw new RelayFault('own-processes-full', 'All servers together have as many connections of clients’ own as they may, all in use')
  }

  #keyOf({ session, client }: Caller): string {
    return this.#parts.of === 'session' ? session : client
  }

  /** In the era with requests towards the client where the server has it. */
  #connect(options: Parameters<typeof openConnection>[0]): Promise<UpstreamConnection> {
    return openConnection({ ...options, era: 'legacy' }).catch((error: unknown) => {
      if (options.signal.aborted || !this.#parts.isModern()) throw error
      return openConnection(options)
    })
  }
}
