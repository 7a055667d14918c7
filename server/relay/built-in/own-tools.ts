/** Wheelhouse's own tools, loaded with the relay's first client or caller: with their schemas they take some megabytes. */
import type { BuiltInTool } from './server.ts'

export class OwnTools {
  readonly #given: () => Promise<readonly BuiltInTool[]>
  #loaded: readonly BuiltInTool[] | undefined

  constructor(given: () => Promise<readonly BuiltInTool[]> = () => Promise.resolve([])) {
    this.#given = given
  }

  async load(): Promise<readonly BuiltInTool[]> {
    return (this.#loaded ??= await this.#given())
  }

  /** After `load`: an empty list in its place would let a caller have a session that reaches more than it does. */
  readonly all = (): readonly BuiltInTool[] => {
    if (this.#loaded === undefined) throw new TypeError('Wheelhouse’s own tools are not loaded yet')
    return this.#loaded
  }
}
