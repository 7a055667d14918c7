/** A bot's side of the passkey ceremony: a person answers in a browser of this machine, then both sides show the same code. */
import { Lifecycle } from '../../lifecycle.ts'
import type { Log } from '../../log.ts'
import type { PasskeyStage } from '../contract/native/views.ts'
import type { Connection } from '../engine/engine.ts'
import { passkeyLifecycle, type PasskeyEvent } from './passkey-lifecycle.ts'

/** Where a person answers; a visible browser, put there by whoever runs the room. */
export interface Authenticator {
  /** Resolves with the assertion, as JSON. Throws words for a person; ends at once when `signal` does. */
  assert(options: string, signal: AbortSignal): Promise<string>
}

export interface PasskeyLinkParts {
  authenticator: Authenticator
  connection: Pick<Connection, 'answerPasskey' | 'confirmPasskey'>
  log: Pick<Log, 'warn'>
  onChange(): void
  onFailure(reason: string): void
}

/** What a person without the ceremony can do about it. */
export const passkeyWayOut =
  'This account asks for a passkey before it links a device. On the phone: Settings, Account, Passkeys; remove the passkey or turn its use for linking off, then link again. ' +
  'Or switch the passkey ceremony on in the settings of Bots, which is experimental: it opens a browser here in which you use the passkey.'

export class PasskeyLink {
  readonly #parts: PasskeyLinkParts
  readonly #life: Lifecycle<PasskeyStage, PasskeyEvent>
  readonly #ended = new AbortController()
  #code: string | null = null

  constructor(parts: PasskeyLinkParts) {
    this.#parts = parts
    this.#life = new Lifecycle(passkeyLifecycle, {
      facts: () => undefined,
      onTransition: () => parts.onChange(),
      onIllegal: (stage, event) => parts.log.warn({ stage, event }, 'the passkey ceremony has no such transition'),
    })
  }

  get stage(): PasskeyStage {
    return this.#life.state
  }

  /** Eight characters, as the phone shows them; null until there are some. */
  get code(): string | null {
    return this.#code
  }

  begin(options: string): void {
    this.#attend(async () => {
      const assertion = await this.#parts.authenticator.assert(options, this.#ended.signal)
      if (this.#ended.signal.aborted) return
      this.#life.handle('proven')
      await this.#parts.connection.answerPasskey(assertion)
    })
  }

  onCode(code: string, mustConfirm: boolean): void {
    this.#code = code
    if (this.#life.handle('code-came') && !mustConfirm) this.confirm()
  }

  /** False when there is nothing to confirm. */
  confirm(): boolean {
    if (this.stage !== 'confirm') return false
    this.#life.handle('confirmed')
    this.#attend(() => this.#parts.connection.confirmPasskey())
    return true
  }

  /** Closes the browser; nothing is told any more. */
  dispose(): void {
    this.#ended.abort()
  }

  #attend(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!this.#ended.signal.aborted) this.#parts.onFailure(error instanceof Error ? error.message : String(error))
    })
  }
}
