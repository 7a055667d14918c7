/** Rules with the tests of their texts made, kept until the rules of the bot change. */
import type { RuleMatch } from '../contract/native/rules.ts'
import type { Message } from '../engine/message.ts'
import { textMatcher, type TextMatcher } from '../../text-match.ts'
import { isMeant } from './match.ts'
import type { Rule, RuleStore } from './store.ts'

export interface ReadyRule extends Rule {
  test: TextMatcher
}

/** Texts longer than this are looked at by their beginning. */
const longestText = 16_384

export class ReadyRules {
  readonly #store: Pick<RuleStore, 'list'>
  readonly #ready = new Map<string, Promise<ReadyRule[]>>()

  constructor(store: Pick<RuleStore, 'list'>) {
    this.#store = store
  }

  of(userId: string): Promise<ReadyRule[]> {
    const known = this.#ready.get(userId)
    if (known !== undefined) return known
    const making = Promise.all(this.#store.list(userId).map(async (rule) => ({ ...rule, test: await textMatcher(rule.match.text) })))
    this.#ready.set(userId, making)
    // Rules that could not be made ready are tried again with the next message.
    making.catch(() => this.forget(userId))
    return making
  }

  /** They have changed, or the bot is gone. */
  forget(userId: string): void {
    this.#ready.delete(userId)
  }
}

/** What a rule catches of a message, the whole text first; null when it is not meant. */
export function caughtBy(
  { match, test }: { match: RuleMatch; test: TextMatcher },
  message: Message,
  idOf: (id: string) => string,
): readonly string[] | null {
  return isMeant(match, message, idOf) ? test(message.text.slice(0, longestText)) : null
}
