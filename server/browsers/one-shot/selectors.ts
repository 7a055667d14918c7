/** Selectors that callers write. */
import { BrowserFault } from '../fault.ts'

/** A selector that is none is the caller's mistake. */
export function refuseInvalid(error: unknown): never {
  if (
    error instanceof Error &&
    /not a valid selector|Unknown (?:pseudo|selector type)|SyntaxError|Failed to execute 'query/i.test(error.message)
  )
    throw new BrowserFault('selector-invalid', `The selector is not valid: ${error.message.split('\n')[0] ?? ''}`, {}, { cause: error })
  throw error
}
