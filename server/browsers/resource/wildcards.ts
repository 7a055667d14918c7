/**
 * Whether a pattern fits the whole of a text, as Chromium reads it: `*` for any text, `?` for one character. In steps that grow with the
 * product of the two lengths at most, whatever the pattern.
 */
export function matchesWildcards(text: string, pattern: string): boolean {
  let [at, inPattern] = [0, 0]
  /** The last `*` met, and where the text stands that it may take one character more of. */
  let star: { inPattern: number; at: number } | null = null
  while (at < text.length) {
    const wanted = pattern[inPattern]
    if (wanted === '*') {
      star = { inPattern, at }
      inPattern += 1
    } else if (wanted === '?' || wanted === text[at]) {
      at += 1
      inPattern += 1
    } else if (star !== null) {
      star.at += 1
      at = star.at
      inPattern = star.inPattern + 1
    } else return false
  }
  return /^\**$/.test(pattern.slice(inPattern))
}
