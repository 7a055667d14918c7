/** What a person types about a server, as the server takes it. */

/** A command line into its parts; quotes keep spaces, a backslash the next character. */
export function splitCommand(line: string): string[] {
  const parts: string[] = []
  const pattern = /"((?:\\.|[^"\\])*)"|'([^']*)'|((?:\\.|[^\s"'\\])+)|(\s+)/g
  let part: string | null = null
  for (const [, double, single, plain, space] of line.trim().matchAll(pattern)) {
    if (space !== undefined) {
      if (part !== null) parts.push(part)
      part = null
    } else part = (part ?? '') + (single ?? (double ?? plain ?? '').replace(/\\(.)/g, '$1'))
  }
  if (part !== null) parts.push(part)
  return parts
}

/** Lines of `name=value` or `name: value`; the first separator counts. Throws for a line without one. */
export function namedLines(text: string, separator: '=' | ':'): Record<string, string> {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(separator)
      if (at < 1) throw new Error(`“${line.slice(0, 40)}” has no name and ${separator}`)
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    }),
  )
}
