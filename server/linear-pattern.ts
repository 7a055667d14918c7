/**
 * Patterns that people, sites or their profiles give. On RE2: one such as `(a+)+$` takes no longer for a text that a stranger has made up
 * for it, where the language's own would hold up every room. Its syntax is JavaScript's without looking ahead or behind and without
 * referring back.
 */
import type { RE2JS } from 're2js'

export interface LinearPattern {
  /** It fits somewhere in the text. */
  test(text: string): boolean
  /** It fits the whole text. */
  fits(text: string): boolean
  /** What it and its groups have caught, the whole first; null where it fits nowhere. */
  caught(text: string): readonly string[] | null
  /** Where it fits, from the left, `[from, to]` each; nowhere that is empty. */
  places(text: string): [number, number][]
}

/** Compiled ones; the same few are asked for again and again. */
const known = new Map<string, LinearPattern>()
const mostKnown = 200

/** Throws a `SyntaxError` in the pattern's own words when it is none. */
export async function linearPattern(source: string, { caseSensitive = true } = {}): Promise<LinearPattern> {
  const key = `${caseSensitive ? 's' : 'i'}${source}`
  const before = known.get(key)
  if (before !== undefined) return before
  // Late: who has no such pattern does not pay for it.
  const { RE2JS } = await import('re2js')
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(RE2JS.translateRegExp(source), caseSensitive ? 0 : RE2JS.CASE_INSENSITIVE)
  } catch (error) {
    throw new SyntaxError(error instanceof Error ? error.message : String(error), { cause: error })
  }
  const made: LinearPattern = {
    test: (text) => compiled.matcher(text).find(),
    fits: (text) => compiled.matcher(text).matches(),
    places(text) {
      const found: [number, number][] = []
      const matcher = compiled.matcher(text)
      while (matcher.find()) if (matcher.end() > matcher.start()) found.push([matcher.start(), matcher.end()])
      return found
    },
    caught(text) {
      const matcher = compiled.matcher(text)
      return matcher.find() ? Array.from({ length: compiled.groupCount() + 1 }, (_, group) => matcher.group(group) ?? '') : null
    },
  }
  const [oldest] = known.keys()
  if (known.size >= mostKnown && oldest !== undefined) known.delete(oldest)
  known.set(key, made)
  return made
}
