/** The cards of browsers that died, kept over a restart of the server in one small file: facts alone, no picture and no request. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Log } from '../../log.ts'
import { replaceFile } from '../../store/files.ts'
import { crashCard, type CrashCard } from '../contract/recorder-entries.ts'

const kept = z.object({ makers: z.array(z.string().nullable()), card: crashCard })
type Kept = z.output<typeof kept>

const most = 50

export class KeptCards {
  readonly #file: string
  readonly #log: Log
  /** The latest last; null until somebody asks. */
  #cards: Kept[] | null = null

  constructor(file: string, log: Log) {
    this.#file = file
    this.#log = log
  }

  find(session: string): Kept | undefined {
    return this.#known().find(({ card }) => card.session === session)
  }

  add(makers: readonly (string | null)[], card: CrashCard): void {
    const cards = [...this.#known(), { makers: [...makers], card: { ...card, picture: null } }].slice(-most)
    this.#cards = cards
    try {
      replaceFile(this.#file, JSON.stringify(cards))
    } catch (error) {
      this.#log.warn({ error: String(error) }, 'a crash card could not be kept for after a restart')
    }
  }

  #known(): Kept[] {
    this.#cards ??= this.#read()
    return this.#cards
  }

  #read(): Kept[] {
    let text: string
    try {
      text = readFileSync(this.#file, 'utf8')
    } catch {
      return []
    }
    try {
      return z.array(kept).parse(JSON.parse(text))
    } catch {
      // Of another version, or spoiled; the next one begins anew.
      this.#log.warn({}, 'the kept crash cards could not be read')
      return []
    }
  }
}
