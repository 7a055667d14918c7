/** What rooms tell as facts, in the words that people read, for tests that say which those are. */
import type { Concern, Locked } from '../../server/room-report.ts'
import { en } from '../../words/en.ts'
import { concernWords, lockedWords } from '../../words/words.ts'

export const inWords = <Some extends Concern>(concerns: readonly Some[]): (Some & { title: string; text: string })[] =>
  concerns.map((concern) => ({ ...concern, ...(concernWords(en, concern) ?? { title: concern.kind, text: '' }) }))

export const lockedInWords = (locked: readonly Locked[] | undefined): string[] => (locked ?? []).map((some) => lockedWords(en, some))
