/**
 * Which tools of a server ask their client something. Some are shown only to a client that can be asked: what the server lists for one that
 * can, less what it lists for one that cannot. Others are found out as they ask.
 */
import type { ClientCapabilities } from '@modelcontextprotocol/client'
import { canBeAsked } from './callers.ts'
import type { ToolDefinition } from './store.ts'

type Need = 'sampling' | 'elicitation' | 'elicitation by address' | 'roots' | 'any'

export class AskingTools {
  readonly #needs = new Map<string, Need>()
  /** Seen to ask, or only to run while somebody asked. */
  readonly #asked = new Map<string, 'surely' | 'perhaps'>()

  /** `plain` is what the server lists for a client that can do nothing for it. */
  learn(plain: readonly ToolDefinition[], full: readonly ToolDefinition[]): void {
    const shownToAll = new Set(plain.map(({ name }) => name))
    for (const tool of full) if (!shownToAll.has(tool.name)) this.#needs.set(tool.name, needOf(tool))
  }

  inherit(previous: AskingTools): void {
    for (const [name, need] of previous.#needs) this.#needs.set(name, need)
  }

  isShownTo(name: string, capabilities: ClientCapabilities): boolean {
    const { sampling, elicitation, roots } = capabilities
    switch (this.#needs.get(name)) {
      case undefined:
        return true
      case 'sampling':
        return sampling !== undefined
      case 'elicitation':
        return elicitation !== undefined
      case 'elicitation by address':
        return elicitation?.url !== undefined
      case 'roots':
        return roots !== undefined
      case 'any':
        return canBeAsked(capabilities)
    }
  }

  /** All are shown to everybody. */
  get hidesNone(): boolean {
    return this.#needs.size === 0
  }

  mayAsk(name: string): boolean {
    return this.#needs.has(name) || this.#asked.has(name)
  }

  asked(name: string): void {
    this.#asked.set(name, 'surely')
  }

  /** It ran while the server asked, and nobody can tell whether it was this one. */
  mayHaveAsked(name: string): void {
    if (!this.#asked.has(name)) this.#asked.set(name, 'perhaps')
  }

  /** It ran alone from beginning to end and asked nothing. */
  askedNothing(name: string): void {
    if (this.#asked.get(name) === 'perhaps') this.#asked.delete(name)
  }
}

/** The protocol has no field for it: of a tool that is not shown to all its words say what it wants. */
function needOf({ name, description }: ToolDefinition): Need {
  for (const text of [name, description ?? '']) {
    if (/elicit/i.test(text)) return /url/i.test(name) ? 'elicitation by address' : 'elicitation'
    if (/sampl/i.test(text)) return 'sampling'
    if (/\broots?\b|roots?[-_]/i.test(text)) return 'roots'
  }
  return 'any'
}
