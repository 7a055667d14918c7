/**
 * An expected failure, named by a code. Services throw it and know nothing of HTTP; the contract of the API through which
 * the call came says which status and message belong to the code (`server/http/contract.ts`, `faults`).
 *
 * Abstract, so that nobody throws a code that is only a string: each room has a class of its own, whose codes are those of its contract and
 * those it catches itself. A code that is none of them does not compile.
 */
export abstract class Fault<Code extends string = string> extends Error {
  override readonly name = 'Fault'
  readonly code: Code
  /** Facts for the caller, safe to show: never a secret, never a stack. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: Code, message: string = code, details: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.details = details
  }

  /** True when `error` is a fault with this code, whichever part threw it; the code is one of those of the class that is asked. */
  static is<Code extends string>(
    this: abstract new (code: Code) => Fault<Code>,
    error: unknown,
    code: NoInfer<Code>,
  ): error is Fault<Code> {
    return error instanceof Fault && error.code === code
  }
}

/** What the parts below the rooms refuse. A contract whose routes lead to such a part gives the code a status. */
export class KernelFault extends Fault<
  | 'address-refused'
  | 'api-not-present'
  | 'api-not-stoppable'
  | 'data-dir-held'
  | 'database-broken'
  | 'database-too-new'
  | 'delivery-not-found'
  | 'port-in-use'
  | 'room-down'
  | 'sealed-locked'
  | 'sealing-key-broken'
  | 'sealing-key-protected'
  | 'setting-fixed'
  | 'settings-invalid'
  | 'webhook-backlog'
  | 'webhook-not-found'
  | 'webhook-refused'
  | 'webhook-testing'
> {}
