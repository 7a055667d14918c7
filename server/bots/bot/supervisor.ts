/**
 * Keeps one bot connected: opens its connection, pairs it, and does about each event what the bot's life and `decisions.ts` say.
 *
 * What holds:
 * - Whatever it does by itself waits for its turn between two verbs of a person (`exclusive`).
 * - What goes wrong with one bot stays with it: it is tried again later and later, then set aside with the reason until a person starts it.
 */
import type { Fault } from '../../fault.ts'
import { reasonOf } from '../../isolation.ts'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Close, Connection, Engine, EngineEvents, Me } from '../engine/engine.ts'
import type { HistoryBounds } from '../engine/history.ts'
import type { Happening } from '../engine/happenings.ts'
import type { Message, Progress } from '../engine/message.ts'
import type { KnownPeople } from '../engine/people.ts'
import { PairingSession, type Pairing } from '../pairing/pairing.ts'
import type { Authenticator } from '../pairing/passkey.ts'
import { afterClose, afterFailedStart, afterFault, type Next, type Why } from './decisions.ts'
import type { End, Handshakes } from './handshakes.ts'
import { isRunning } from './lifecycle.ts'
import { Reconnect } from './reconnect.ts'
import type { BotRecord } from './record.ts'
import type { Trail } from '../trail/trail.ts'
import { SingleConnection } from './single-connection.ts'

export interface SupervisorParts {
  record: BotRecord
  engine: Engine
  /** Shared by all bots: those that connect by themselves do it in their turn. */
  handshakes: Handshakes
  clock: Clock
  log: Log
  random(): number
  /** Runs `work` between two verbs, while nothing else changes this bot. */
  exclusive(work: () => Promise<void> | undefined): Promise<void>
  /** Where a person uses a passkey; null while that is not wanted. */
  authenticator(): Authenticator | null
  /** The other bot that is linked to the number, null when there is none. */
  takenBy(number: string): string | null
  /** Runs work in the room's own scope. */
  outside<Result>(work: () => Result): Result
  /** Something that is shown has changed, and not in the record. */
  onChange(): void
  /** A message that is kept under its digest, and one that is not. */
  onArrival(digest: string, message: Message): void
  onMessage(message: Message): void
  onProgress(messageId: string, progress: Progress): void
  onRefusal(messageId: string, refusal: Fault): void
  onHappening(happening: Happening): void
  /** Who is who among those it speaks with. */
  people: KnownPeople
  trail: Trail
  /** What was sent under the id, as the engine encoded it. */
  sent(messageId: string): Uint8Array | null
}

/** Ms for WhatsApp to confirm that a device is unlinked which should never have been linked. */
const unlinkPatience = 10_000

export class Supervisor {
  readonly #parts: SupervisorParts
  readonly #connection: SingleConnection
  readonly #pairing: PairingSession
  readonly #reconnect: Reconnect
  /** While unlinking: how the connection closed, if it did; that alone does not decide what follows. */
  #unlinking: { close: Close | null } | null = null

  constructor(parts: SupervisorParts) {
    this.#parts = parts
    const { record, engine, clock, log, handshakes } = parts
    this.#reconnect = new Reconnect(parts)
    this.#connection = new SingleConnection({
      ...{ userId: record.row.userId, engine, handshakes, link: record.link, events: this.#events() },
      onFault: (reason) => this.#onFault(reason),
      outside: (work) => parts.outside(work),
    })
    this.#pairing = new PairingSession({
      ...{ engine, clock, log, authenticator: () => parts.authenticator() },
      onChange: () => parts.onChange(),
      onFailure: (why) => this.#giveUp(why),
    })
  }

  /** The live connection, for sending; null unless online. */
  get live(): Connection | null {
    return this.#parts.record.row.state === 'online' ? this.#connection.current : null
  }

  get pairing(): Pairing | null {
    return this.#pairing.current
  }

  get attempt(): number {
    return this.#reconnect.attempt
  }

  /** When the next attempt comes, while reconnecting. */
  get retryAt(): number | null {
    return this.#reconnect.at
  }

  /** What a person asks for: at once, and with the shortest waits again. */
  async start(): Promise<void> {
    this.#reconnect.startOver()
    await this.#connect('started', this.#parts.handshakes.take())
  }

  /** When nobody waits for it: a stop or a start of a person meanwhile comes first. */
  startInTurn(): void {
    this.#connection.inTurn((handshake) => {
      this.#unattended(() => {
        const mine = handshake()
        return mine === null ? undefined : this.#connect('turn-came', mine)
      })
    })
  }

  async end(): Promise<void> {
    this.#reconnect.cancel()
    this.#pairing.end()
    await this.#connection.end()
  }

  /** True when WhatsApp has confirmed that the device is off the account; otherwise a close meanwhile counts as it always does. */
  async unlink(within: number): Promise<boolean> {
    const { confirmed, close } = await this.#askToUnlink(this.live, within)
    if (!confirmed && close !== null) this.#onClose(close)
    return confirmed
  }

  /** Throws `nothing-to-confirm`. */
  confirmPasskey(): void {
    this.#pairing.confirmPasskey()
  }

  async #connect(event: 'started' | 'turn-came' | 'restart-asked', handshake: End): Promise<void> {
    const { record, log, people, trail, onChange } = this.#parts
    await this.end()
    if (record.isLocked) {
      handshake()
      return onChange()
    }
    record.handle(event)
    const history = (): HistoryBounds | null => (record.row.settings.keepsLog ? record.row.settings.history : null)
    try {
      await this.#connection.open({ proxy: record.row.proxy, passkeyPatience: this.#pairing.patience, people, trail, history }, handshake)
      this.#reconnect.onStarted()
    } catch (error) {
      log.error({ bot: record.row.userId, error }, 'a bot could not be started')
      const times = this.#reconnect.countFailedStart()
      this.#follow(afterFailedStart(reasonOf(error), { times, alone: event === 'turn-came' }))
    }
  }

  #follow({ event, ...why }: Next): void {
    const { record, handshakes } = this.#parts
    if (event === 'restart-asked') {
      if (!this.#reconnect.mayRestart()) return this.#follow({ event: 'lost', cause: why.cause, reason: `${why.reason} again and again` })
      // A stop of the bot or of the whole room may have had its turn before.
      const isToRun = (): boolean => record.row.wanted && isRunning(record.row.state)
      return this.#unattended(() => (isToRun() ? this.#connect('restart-asked', handshakes.take()) : undefined))
    }
    if (event === 'lost') this.#reconnect.later(() => this.startInTurn())
    record.handle(event, why)
  }

  /** For what nobody waits for. */
  #unattended(work: () => Promise<void> | undefined): void {
    const { exclusive, log, record } = this.#parts
    exclusive(work).catch((error: unknown) => {
      log.error({ bot: record.row.userId, error }, 'a bot could not go on')
      record.handle('gave-up', { cause: 'fault', reason: `It could not go on: ${reasonOf(error)}` })
    })
  }

  #giveUp(why: Why): void {
    this.#unattended(async () => {
      await this.end()
      this.#parts.record.handle('gave-up', why)
    })
  }

  #events(): EngineEvents {
    const parts = this.#parts
    return {
      qr: (text, how) => this.#onQr(text, how?.redrawn === true),
      codeRetired: () => this.#onCodeRetired(),
      codeRefused: () => this.#pairing.refuseCode(),
      linked: () => {
        this.#pairing.end()
        parts.record.change({ linkedAt: parts.clock.now() })
      },
      open: (me) => this.#onOpen(me),
      closed: (close) => this.#onClose(close),
      passkeyDemanded: (options) => this.#connection.attached(() => this.#pairing.usePasskey(this.#connection.current, options)),
      passkeyCode: (code, mustConfirm) => this.#pairing.onPasskeyCode(code, mustConfirm),
      passkeyFailed: (reason) => this.#giveUp({ cause: 'passkey', reason }),
      name: (name) => {
        if (name !== parts.record.row.name) parts.record.change({ name })
      },
      arrived: (digest, message) => parts.onArrival(digest, message),
      message: (message) => parts.onMessage(message),
      progress: (messageId, progress) => parts.onProgress(messageId, progress),
      refused: (messageId, refusal) => parts.onRefusal(messageId, refusal),
      happened: (happening) => parts.onHappening(happening),
      sent: (messageId) => parts.sent(messageId),
    }
  }

  #onQr(text: string, isRedrawn: boolean): void {
    const { record, onChange } = this.#parts
    if (isRedrawn) return this.#pairing.redrawQr(text)
    if (!this.#pairing.showQr(text)) return onChange()
    record.handle('qr-shown')
    this.#askForCode()
  }

  #onCodeRetired(): void {
    this.#pairing.retireCode()
    this.#connection.attached(() => this.#askForCode())
  }

  #askForCode(): void {
    if (this.#connection.current !== null) this.#pairing.askForCode(this.#connection.current, this.#parts.record.row.phoneNumber)
  }

  #onOpen({ number, name }: Me): void {
    const { record, takenBy, clock } = this.#parts
    const other = takenBy(number)
    if (other !== null) return this.#unattended(() => this.#refuseSecondLink(number, other))
    this.#reconnect.onOnline()
    const { row } = record
    record.handle('opened', null, {
      phoneNumber: number === '' ? row.phoneNumber : number,
      name: name ?? row.name,
      linkedAt: row.linkedAt ?? clock.now(),
    })
  }

  /** Linked by QR with a phone whose number another bot has: two of them would take each other's messages. */
  async #refuseSecondLink(number: string, other: string): Promise<void> {
    await this.#askToUnlink(this.#connection.current, unlinkPatience)
    await this.end()
    this.#parts.record.forgetLink()
    this.#parts.record.handle('gave-up', {
      cause: 'number-linked',
      reason: `The number ${number} is linked here already, as ${other}`,
    })
  }

  async #askToUnlink(connection: Connection | null, within: number): Promise<{ confirmed: boolean; close: Close | null }> {
    const unlinking: { close: Close | null } = { close: null }
    this.#unlinking = unlinking
    try {
      return { confirmed: (await connection?.unlink(within)) === true, close: unlinking.close }
    } finally {
      this.#unlinking = null
    }
  }

  #onClose(close: Close): void {
    if (this.#unlinking !== null) return void (this.#unlinking.close = close)
    const { current } = this.#pairing
    const pairing = current === null ? 'none' : current.passkey === null ? 'code' : 'passkey'
    this.#pairing.end()
    this.#follow(afterClose(close, { isLinked: this.#parts.record.isLinked, pairing, attempt: this.#reconnect.attempt }))
  }

  #onFault(reason: string): void {
    this.#pairing.end()
    this.#follow(afterFault(reason, { faults: this.#reconnect.countFault(), isLinked: this.#parts.record.isLinked }))
  }
}
