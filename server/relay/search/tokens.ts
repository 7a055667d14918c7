/** What a list of tools costs a model, measured with the tokeniser of one: others differ by a few in a hundred. */

/** Shown beside the figures. */
export const tokeniser = 'o200k_base'

/** Of the list as it is sent. The table of the tokeniser is some megabytes, which nobody pays for who does not look. */
export async function tokensOf(tools: readonly unknown[]): Promise<number> {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base')
  // A description may hold what a tokeniser takes for its own marks; here it is text like any other.
  return countTokens(JSON.stringify({ tools }), { disallowedSpecial: new Set() })
}
