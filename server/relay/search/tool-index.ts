/**
 * Finds tools by what they do. One index for all sessions, brought up to date with what differs; each session searches only what it sees,
 * under the names it sees. The library weighs words (BM25+), beginnings of words and misspelt ones; on top of it count how much of a
 * question a tool answers, and words that mean the same.
 */
import MiniSearch from 'minisearch'
import { alikeOf, stemOf, wordsOf } from './words.ts'

/** A tool as it is found. */
export interface Findable {
  /** The same as long as the rest is the same. */
  key: string
  name: string
  server: string
  title: string
  description: string
  /** Names of its arguments, with what the server says of each. */
  args: string
}

export interface Found {
  key: string
  /** From 0 to 1: how much of the question it answers, beside the best. */
  score: number
}

const fields = ['name', 'title', 'server', 'description', 'args'] as const
const boost = { name: 3, title: 1.5, server: 1, description: 1.5, args: 0.4 }
/** Weight of a word that means the same as the one asked for. */
const alikeWeight = 0.55
/** Questions are sentences; of whole documents the beginning is enough. */
const mostWords = 32
/** What fits so much less than the best is noise that costs a model its tokens; a few are shown all the same. */
const leastFit = 0.1
const alwaysShown = 3
/** What no session sees any more is taken out once there is so much of it. */
const mostStale = 2_000

export class ToolIndex {
  readonly #index = new MiniSearch<Findable>({
    idField: 'key',
    fields: [...fields],
    tokenize: wordsOf,
    processTerm: stemOf,
    searchOptions: { tokenize: (text) => text.split(' '), processTerm: (term) => term },
  })
  /** By key, the round of `learn` in which it was last there. */
  readonly #known = new Map<string, number>()
  #round = 0

  get size(): number {
    return this.#known.size
  }

  /** Takes in those that are new or were changed; the others cost a look. */
  learn(tools: Iterable<Findable>): void {
    this.#round += 1
    for (const tool of tools) {
      if (!this.#known.has(tool.key)) this.#index.add(tool)
      this.#known.set(tool.key, this.#round)
    }
    this.#forgetStale()
  }

  /** The best first, of those that `sees` lets through. */
  search(question: string, sees: ReadonlySet<string>, limit: number): Found[] {
    const asked = [...new Set(wordsOf(question).flatMap((word) => stemOf(word) ?? []))].slice(0, mostWords)
    if (asked.length === 0) return []
    const concepts = new Map<string, Set<number>>()
    asked.forEach((stem, at) => {
      for (const term of [stem, ...alikeOf(stem)]) concepts.set(term, (concepts.get(term) ?? new Set()).add(at))
    })
    const exact = new Set(asked)
    const results = this.#index.search([...concepts.keys()].join(' '), {
      boost,
      // Ends of words are off already: what is left is long enough to be the beginning of another, or misspelt by a letter.
      prefix: (term) => exact.has(term) && term.length > 2,
      fuzzy: (term) => (exact.has(term) && term.length > 3 ? 0.2 : false),
      boostTerm: (term) => (exact.has(term) ? 1 : alikeWeight),
      filter: ({ id }: { id: string }) => sees.has(id),
    })
    const ranked = results
      .map(({ id, score, queryTerms }) => {
        const answered = new Set(queryTerms.flatMap((term) => [...(concepts.get(term) ?? [])])).size / asked.length
        // The library has multiplied by the number of terms that were met, words of one meaning each for itself.
        return { key: String(id), answered, weight: (score / queryTerms.length) * answered }
      })
      .sort((a, b) => b.weight - a.weight || (a.key < b.key ? -1 : 1))
    const [best] = ranked
    if (best === undefined) return []
    return ranked
      .filter(({ weight }, at) => at < alwaysShown || weight >= best.weight * leastFit)
      .slice(0, limit)
      .map(({ key, weight }) => ({ key, score: Math.round((weight / best.weight) * best.answered * 100) / 100 }))
  }

  #forgetStale(): void {
    if (this.#known.size < mostStale) return
    const stale = [...this.#known].filter(([, round]) => this.#round - round > 64).map(([key]) => key)
    if (stale.length < mostStale) return
    for (const key of stale) this.#known.delete(key)
    this.#index.discardAll(stale)
  }
}
