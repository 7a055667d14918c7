/**
 * An expected failure, named by a code. Services throw it and know nothing of HTTP; the contract of the API through which
 * the call came says which status and message belong to the code (`server/http/contract.ts`, `faults`).
 */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: string
  /** Facts for the caller, safe to show: never a secret, never a stack. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, message: string = code, details: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.details = details
  }
}

/** True when `error` is a fault with this code. */
export function isFault(error: unknown, code: string): error is Fault {
  return error instanceof Fault && error.code === code
}
