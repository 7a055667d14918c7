/** What the library that drives browsers throws when a question met no document, or was none. */

/** A navigation destroyed what a call was talking to; asking again finds the next document. */
export function isBetweenDocuments(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return /execution context|context was destroyed|detached frame|frame (was|got) detached|cannot find context|inspected target navigated|node is detached|does not belong to the document|argument should belong|not attached to an active page|detached from document|cannot find object with id|cannot find node/i.test(
    error.message,
  )
}

/** The profile has a selector that is none; only a page can tell for certain. */
export function isInvalidSelector(error: unknown): boolean {
  return (
    error instanceof Error &&
    /not a valid (selector|xpath)|query set to use|selector has unknown|is not a valid selector/i.test(error.message)
  )
}

/** Words for it, with the selector where the browser has named it. */
export function invalidSelectorIn(error: unknown): string {
  const named = error instanceof Error ? /'([^']+)' is not a valid/.exec(error.message)?.[1] : undefined
  return named === undefined ? 'a selector that is not valid' : `a selector that is not valid: ${named}`
}
