/** What the library that drives browsers says, in words for a person: its own speak of targets, protocols and its settings. */
import { Fault } from '../../fault.ts'

const meanings: readonly (readonly [RegExp, string])[] = [
  [
    /target closed|session closed|connection closed|closed by|not attached|detached|no target with|session with given id/i,
    'the browser or its page closed meanwhile',
  ],
  [/timed out|timeout/i, 'the browser does not answer'],
  [/target crashed|page crashed/i, 'the page crashed'],
]

/** A fault of ours speaks for itself. */
export function wordsOf(error: unknown): string {
  if (error instanceof Fault) return error.message
  const text = error instanceof Error ? error.message : String(error)
  return meanings.find(([said]) => said.test(text))?.[1] ?? text.replace(/^Protocol error \([^)]{1,80}\): /, '')
}
