/** A bot's side of the passkey ceremony: a person answers in a browser of this machine, then both sides show the same code. */
import type { Connection } from '../engine/engine.ts'

/** Where a person answers; a visible browser, put there by whoever runs the room. */
export interface Authenticator {
  /** Resolves with the assertion, as JSON. Throws words for a person; ends at once when `signal` does. */
  assert(options: string, signal: AbortSignal): Promise<string>
}

/**
 * - `browser`: the browser is open and waits for the person. `sending`: what they have proven goes to WhatsApp.
 * - `confirm`: the person is to compare the code with the phone's. `linking`: the phone links the device.
 */
export type PasskeyStage = 'browser' | 'sending' | 'confirm' | 'linking'

export interface PasskeyLinkParts {
  authenticator: Authenticator
  connection: Pick<Connection, 'answerPasskey' | 'confirmPasskey'>
  changed(): void
  failed(reason: string): void
}

/** What a person without the ceremony can do about it. */
export const passkeyWayOut =
  'This account asks for a passkey before it links a device. On the phone: Settings, Account, Passkeys; remove the passkey or turn its use for linking off, then link again. ' +
  'Or switch the passkey ceremony on in the settings of Bots, which is experimental: it opens a browser here in which you use the passkey.'

export class PasskeyLink {
  stage: PasskeyStage = 'browser'
  /** Eight characters, as the phone shows them; null until there are some. */
  code: string | null = null
  private readonly parts: PasskeyLinkParts
  private readonly life = new AbortController()

  constructor(parts: PasskeyLinkParts) {
    this.parts = parts
  }

  begin(options: string): void {
    this.attend(async () => {
      const assertion = await this.parts.authenticator.assert(options, this.life.signal)
      if (this.life.signal.aborted) return
      this.become('sending')
      await this.parts.connection.answerPasskey(assertion)
    })
  }

  codeCame(code: string, mustConfirm: boolean): void {
    this.code = code
    this.become('confirm')
    if (!mustConfirm) this.confirm()
  }

  /** False when there is nothing to confirm. */
  confirm(): boolean {
    if (this.stage !== 'confirm') return false
    this.become('linking')
    this.attend(() => this.parts.connection.confirmPasskey())
    return true
  }

  /** Closes the browser; nothing is told any more. */
  dispose(): void {
    this.life.abort()
  }

  private become(stage: PasskeyStage): void {
    this.stage = stage
    this.parts.changed()
  }

  private attend(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!this.life.signal.aborted) this.parts.failed(error instanceof Error ? error.message : String(error))
    })
  }
}
