/** The pairing of one bot: the code and the QR while its phone is waited for, and the passkey where the account asks for one. */
import type { Clock } from '../../clock.ts'
import { Fault } from '../../fault.ts'
import { BotFault } from '../fault.ts'
import type { Log } from '../../log.ts'
import type { Connection, Engine } from '../engine/engine.ts'
import type { Why } from '../bot/decisions.ts'
import { PasskeyLink, passkeyWayOut, type Authenticator } from './passkey.ts'

/** What is shown to the person who links the bot. Times in ms since the epoch. */
export interface Pairing {
  /** Eight characters; null until WhatsApp has given it. */
  code: string | null
  /** What has become of the code: a wrong one was typed on the phone, or WhatsApp has replaced it. */
  problem: 'wrong-code' | 'replaced' | null
  qr: string
  qrEndsAt: number
  endsAt: number
  /** The passkey ceremony, while the account asks for one. */
  passkey: PasskeyLink | null
}

export interface PairingSessionParts {
  engine: Pick<Engine, 'qrLife' | 'pairingLife'>
  clock: Clock
  log: Pick<Log, 'warn'>
  /** Where a person uses a passkey; null while that is not wanted. */
  authenticator(): Authenticator | null
  /** The code, or the stage of the passkey, is another one. */
  onChange(): void
  onFailure(why: Why): void
}

/** Ms that a person has for a passkey, as WhatsApp itself says. */
const passkeyPatience = 10 * 60_000

export class PairingSession {
  readonly #parts: PairingSessionParts
  #current: Pairing | null = null
  /** Whose code is waited for: one of an earlier connection is of no use. */
  #asked: Connection | null = null

  constructor(parts: PairingSessionParts) {
    this.#parts = parts
  }

  get current(): Readonly<Pairing> | null {
    return this.#current
  }

  /** Ms that a passkey may take; null while none is answered here. */
  get patience(): number | null {
    return this.#parts.authenticator() === null ? null : passkeyPatience
  }

  /** True when it is the first QR of its connection: then, and not before, a code may be asked for. */
  showQr(qr: string): boolean {
    const { engine, clock } = this.#parts
    const current = this.#current
    const now = clock.now()
    this.#current =
      current === null
        ? { code: null, problem: null, qr, qrEndsAt: now + engine.qrLife[0], endsAt: now + engine.pairingLife, passkey: null }
        : { ...current, qr, qrEndsAt: now + engine.qrLife[1] }
    return current === null
  }

  /** In the place of one that WhatsApp has retired, for the time that was left of it. */
  redrawQr(qr: string): void {
    this.#change({ qr })
  }

  retireCode(): void {
    this.#change({ code: null, problem: 'replaced' })
  }

  /** The code that is shown is good: another one was typed. */
  refuseCode(): void {
    this.#change({ problem: 'wrong-code' })
  }

  #change(facts: Partial<Pairing>): void {
    if (this.#current === null) return
    this.#current = { ...this.#current, ...facts }
    this.#parts.onChange()
  }

  /** Asked for before the first QR, the library would hand out a code that the server has never heard of. */
  askForCode(connection: Connection, number: string): void {
    this.#asked = connection
    connection
      .requestCode(number)
      .then((code) => {
        if (this.#asked !== connection || this.#current === null) return
        this.#change({ code })
      })
      .catch((error: unknown) => {
        if (this.#asked === connection) this.#parts.onFailure(whyNoCode(error))
      })
  }

  usePasskey(connection: Connection | null, options: string): void {
    const [parts, current] = [this.#parts, this.#current]
    const authenticator = parts.authenticator()
    if (authenticator === null || connection === null || current === null || options === '')
      return parts.onFailure({ cause: 'passkey', reason: passkeyWayOut })
    const passkey = new PasskeyLink({
      authenticator,
      connection,
      log: parts.log,
      onChange: () => parts.onChange(),
      onFailure: (reason) => {
        if (this.#current?.passkey === passkey) parts.onFailure({ cause: 'passkey', reason })
      },
    })
    this.#current = { ...current, endsAt: parts.clock.now() + passkeyPatience, passkey }
    passkey.begin(options)
    parts.onChange()
  }

  onPasskeyCode(code: string, mustConfirm: boolean): void {
    this.#current?.passkey?.onCode(code, mustConfirm)
  }

  /** The person has seen the code of the passkey ceremony on the phone as well. Throws `nothing-to-confirm`. */
  confirmPasskey(): void {
    if (this.#current?.passkey?.confirm() !== true) throw new BotFault('nothing-to-confirm', 'There is no code of a passkey to confirm')
  }

  end(): void {
    this.#current?.passkey?.dispose()
    this.#current = null
    this.#asked = null
  }
}

function whyNoCode(error: unknown): Why {
  if (!(error instanceof Fault)) return { cause: 'no-code', reason: 'The connection ended before WhatsApp gave a pairing code' }
  return { cause: error.details['code'] === 429 ? 'codes-refused' : 'no-code', reason: error.message }
}
