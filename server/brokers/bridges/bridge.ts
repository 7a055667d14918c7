/** One bridge: its life, its connection to the other broker and its place in the session. */
import { randomBytes } from 'node:crypto'
import { abortable } from '../../async/abortable.ts'
import { inTime } from '../../async/deadline.ts'
import { Lifecycle } from '../../lifecycle.ts'
import { escape, reasonOf } from '../../isolation.ts'
import { KernelFault } from '../../fault.ts'
import type { Egress } from '../../http/egress.ts'
import type { BridgeState } from '../contract/bridges.ts'
import type { EndReason } from '../engine/types.ts'
import type { BrokerService } from '../service.ts'
import { bridgeLifecycle, type BridgeEvent, type BridgeFacts } from './bridge-lifecycle.ts'
import { dial } from './dial.ts'
import { Echoes } from './echoes.ts'
import { Crossing } from './crossing.ts'
import type { Line } from './line.ts'
import { LocalClient } from './local-client.ts'
import { Mapping } from './mapping.ts'
import { publisherPrefix } from './outbound.ts'
import type { BridgeCounts, Passage } from './passage.ts'
import { LineProblem, problemOf } from './problems.ts'
import type { BridgeSecrets, BridgeStore, StoredBridge } from './store.ts'
import { targetOf } from './transport.ts'
import { Waits } from './waits.ts'

/** Ms. */
const placeWithin = 10_000

export interface BridgeGiven {
  service: BrokerService
  session: { readonly id: number; readonly name: string }
  store: BridgeStore
  egress: Pick<Egress, 'addresses'>
  /** Its state, or what is shown of it, is another one. */
  changed(bridge: Bridge, from: Bridge['state']): void
  random?: () => number
}

export class Bridge {
  stored: StoredBridge
  /** Wall clock, ms; of the state. */
  since: number
  problem: LineProblem | null = null
  lastError: { at: number; text: string } | null = null
  refusedTopics: readonly { filter: string; text: string }[] = []
  nextTryAt: number | null = null
  /** Wall clock, ms: since when it has not been connected though it should be. */
  downSince: number | null = null
  readonly counts: BridgeCounts = { sent: 0, received: 0, skipped: 0, turnedDown: 0 }
  readonly #given: BridgeGiven
  readonly #life: Lifecycle<BridgeState, BridgeEvent, BridgeFacts>
  readonly #waits: Waits
  readonly #echoes: Echoes
  #secrets: BridgeSecrets | null = null
  #local: LocalClient | null = null
  #line: Line | null = null
  #underWay = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #serial = 0
  /** A broker that cuts bridges which say so is greeted as a client. */
  #asBridge = true

  constructor(stored: StoredBridge, given: BridgeGiven) {
    const { clock } = given.service
    this.stored = stored
    this.#given = given
    this.since = clock.now()
    this.#waits = new Waits(() => clock.monotonic(), given.random)
    this.#echoes = new Echoes(() => clock.monotonic())
    this.#life = new Lifecycle(
      bridgeLifecycle,
      {
        facts: () => ({ locked: this.#secrets === null, isFinal: this.problem?.isFinal ?? false }),
        onTransition: (from, to) => this.#entered(from, to),
        onIllegal: (state, event) =>
          given.service.clients.reportInternalError(new Error(`${event} while ${state}`), 'a bridge went astray'),
      },
      'off',
    )
  }

  get state(): BridgeState {
    return this.#life.state
  }

  get session(): { readonly id: number; readonly name: string } {
    return this.#given.session
  }

  get sessionPresent(): boolean {
    return this.state === 'connected' && this.#line?.agreement.sessionPresent === true
  }

  start(): void {
    if (this.state !== 'off') return
    try {
      this.#secrets = this.#given.store.secrets(this.stored.id)
    } catch (error) {
      if (!KernelFault.is(error, 'sealed-locked')) throw error
      this.#secrets = null
      this.problem = new LineProblem('sealed-locked', 'Its password or key was sealed with a key that is not here')
    }
    // Also while it is locked: what is to go out must not be lost meanwhile.
    this.#local = this.#newLocal()
    this.#local.start()
    this.#life.handle('start')
  }

  /** Nothing of it goes on. `forget`: the other broker need not keep anything for us. */
  stop({ forget = false } = {}): void {
    this.#line?.leave(forget)
    this.#line = null
    this.#local?.stop()
    this.#local = null
    this.#life.handle('stop')
  }

  /** Without waiting for the next try. */
  connectNow(): void {
    this.#waits.reset()
    if (this.state === 'waiting' || this.state === 'refused') this.#life.handle('retry-due')
  }

  /** Other settings from now on, which are stored already. */
  change(stored: StoredBridge): void {
    const wasOn = this.state !== 'off'
    if (wasOn) this.stop()
    this.stored = stored
    this.problem = null
    this.refusedTopics = []
    this.#asBridge = true
    this.#waits.reset()
    if (stored.settings.enabled) this.start()
  }

  /** Ends the connection over a fault of ours in it; it is tried again. */
  readonly failed = (error: Error): void => {
    this.#given.service.clients.reportInternalError(error, `the bridge ${this.stored.settings.name} met a fault`)
    this.#fail(new LineProblem('fault', reasonOf(error)))
  }

  #entered(from: BridgeState, state: BridgeState): void {
    const now = this.#given.service.clock.now()
    if (from !== state) this.since = now
    clearTimeout(this.#timer)
    this.nextTryAt = null
    if (state === 'connecting') this.#connect()
    if (state === 'connected') this.problem = null
    if (state === 'connected' || state === 'off') this.downSince = null
    else if (from === 'off' || from === 'connected') this.downSince = now
    if (state === 'off') {
      this.#underWay.abort()
      this.problem = null
    }
    if (state === 'waiting' || state === 'refused') {
      const wait = this.#waits.next(this.problem)
      this.nextTryAt = now + wait
      this.#timer = setTimeout(() => this.#life.handle('retry-due'), wait)
      this.#timer.unref()
    }
    this.#given.changed(this, from)
  }

  #connect(): void {
    this.#underWay = new AbortController()
    const { signal } = this.#underWay
    this.#open(signal).catch((error: unknown) => {
      if (signal.aborted) return
      this.#underWay.abort()
      const problem = problemOf(error)
      if (problem.code === 'closed' && this.stored.settings.version === '3.1.1') this.#asBridge = !this.#asBridge
      if (problem.code === 'version-refused' && this.#asBridge && this.stored.settings.version === '3.1.1') {
        this.#asBridge = false
        return this.#connect()
      }
      // What failed may have been ours, on a line that lives.
      const line = this.#line
      this.#line = null
      line?.end(problem)
      if (line !== null) this.#local?.close()
      this.#noted(problem)
      this.#life.handle(this.state === 'connected' ? 'lost' : 'failed')
    })
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { service, egress } = this.#given
    const { settings, isOpened } = this.stored
    const local = this.#local
    if (local === null || this.#isSuspended) throw this.#placeless()
    // A disk that is busy is given time; one that refuses is not waited for.
    await inTime(placeWithin, abortable(local.placed, signal), () => this.#placeless())
    const secrets = this.#secrets ?? { password: null, key: null }
    const now = (): number => service.clock.monotonic()
    const line = await dial({ settings, secrets, egress, isOpened, now, asBridge: this.#asBridge }, signal)
    // It may have lost its place meanwhile.
    const { attachment } = local
    if (attachment === null) {
      line.leave()
      throw this.#placeless()
    }
    const passage: Passage = {
      ...{ line, attachment, mapping: new Mapping(settings.topics), counts: this.counts, now },
      echoes: settings.version === '5' ? null : this.#echoes,
      publisher: publisherPrefix + settings.name,
      newMessageId: () => service.clients.newMessageId(),
      told: (text) => this.#told(text),
      fail: (problem) => void line.end(problem),
      inBackground: (work) => void work.catch(escape),
    }
    this.#line = line
    const crossing = new Crossing(passage, local, (this.#serial += 1), (problem) => this.#ended(line, problem))
    signal.throwIfAborted()
    const { held, refused } = await crossing.subscribe(this.stored.held, (left) => this.#holds(left))
    this.#holds(held)
    signal.throwIfAborted()
    this.refusedTopics = refused
    for (const { filter, text } of refused) this.#told(`The other broker refused the subscription ${filter}: ${text}`)
    this.#life.handle('let-in')
    this.#waits.letIn()
    crossing.open()
  }

  #ended(line: Line, problem: LineProblem): void {
    if (this.#line !== line) return
    this.#line = null
    this.#underWay.abort()
    this.#noted(problem)
    this.#local?.close()
    if (this.state === 'connecting') this.#life.handle('failed')
    else if (this.state === 'connected') this.#life.handle('lost')
  }

  #fail(problem: LineProblem): void {
    if (this.#line !== null) this.#line.end(problem)
    else if (this.state === 'connecting') {
      this.#underWay.abort()
      this.#noted(problem)
      this.#life.handle('failed')
    }
  }

  get #isSuspended(): boolean {
    const { service, session } = this.#given
    return service.has(session.name) && service.byName(session.name).suspended
  }

  #placeless(): LineProblem {
    return this.#isSuspended
      ? new LineProblem('session-suspended', 'The session is suspended')
      : new LineProblem('session-refused', 'The session does not take the bridge yet')
  }

  #newLocal(): LocalClient {
    const { service, session } = this.#given
    const { settings, id } = this.stored
    const { host, port } = targetOf(settings.address)
    return new LocalClient({
      ...{ service, session, bridgeId: id, name: publisherPrefix + settings.name, address: `${host}:${port}` },
      filters: () => new Mapping(this.stored.settings.topics).localFilters,
      onPlace: () => {
        const { code } = this.problem ?? {}
        if (this.state === 'waiting' && (code === 'session-suspended' || code === 'session-refused') && this.#line === null)
          this.#life.handle('retry-due')
      },
      onPlaceLost: (reason) => this.#placeLost(reason),
    })
  }

  #placeLost(reason: EndReason): void {
    if (reason === 'shutdown' || reason === 'dropped') return this.stop({ forget: reason === 'dropped' })
    const line = this.#line
    if (line === null) return
    this.#line = null
    line.leave()
    this.#underWay.abort()
    this.#noted(this.#placeless())
    this.#life.handle(this.state === 'connected' ? 'lost' : 'failed')
  }

  #holds(held: StoredBridge['held']): void {
    if (JSON.stringify(held) === JSON.stringify(this.stored.held)) return
    this.stored = { ...this.stored, held }
    this.#given.store.setHeld(this.stored.id, held)
  }

  #noted(problem: LineProblem): void {
    this.problem = this.#waits.judged(problem, this.state === 'connected')
    this.#told(this.problem.message)
  }

  #told(text: string): void {
    this.lastError = { at: this.#given.service.clock.now(), text }
  }
}

export const newClientId = (random = randomBytes): string => `wheelhouse-${random(6).toString('hex')}`
