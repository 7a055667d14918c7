/** Whether a text is like what a rule asks for. Pure. */
import { linearPattern } from './linear-pattern.ts'

export interface WantedText {
  how: 'contains' | 'equals' | 'starts' | 'regex'
  value: string
  caseSensitive: boolean
}

/** The parts of the text that a pattern has caught: the whole first. Null when the text is not like it. */
export type TextMatcher = (text: string) => readonly string[] | null

/** Makes the test of a rule's text; null is any text. Throws a `SyntaxError` in the pattern's own words when it is none. */
export async function textMatcher(wanted: WantedText | null): Promise<TextMatcher> {
  if (wanted === null) return (text) => [text]
  const { how, value, caseSensitive } = wanted
  if (how === 'regex') return (await linearPattern(value, { caseSensitive })).caught
  const folded = (text: string): string => (caseSensitive ? text : text.toLowerCase()).normalize('NFC')
  const needle = folded(value)
  const holds = {
    contains: (text: string) => text.includes(needle),
    equals: (text: string) => text.trim() === needle.trim(),
    starts: (text: string) => text.trimStart().startsWith(needle),
  }[how]
  return (text) => (holds(folded(text)) ? [text] : null)
}
