/** The patterns of a site profile, by which addresses and inputs are known. */
import { linearPattern, type LinearPattern } from '../../linear-pattern.ts'
import { BrowserFault } from '../fault.ts'

/** Throws a fault of this code for a pattern that an earlier version took and this one does not. */
export async function profilePattern(source: string, code: 'login-failed' | 'operation-failed'): Promise<LinearPattern> {
  try {
    return await linearPattern(source)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new BrowserFault(code, `The site profile has a pattern that is not valid: ${why}`, {}, { cause: error })
  }
}
