/** How far the start of a server has come. No Node import: the window reads it. */
import { z } from 'zod'
import { isoTime } from '../../http/contract.ts'

/**
 * `starting`: its process runs and has not answered; `finding`: its launcher looks up what it needs; `downloading`: that is fetched;
 * `listing`: it has answered, and what it offers is being read.
 */
export const startPhase = z.enum(['starting', 'finding', 'downloading', 'listing'])
export type StartPhase = z.output<typeof startPhase>

export const startProgress = z.object({
  phase: startPhase,
  /** When the start began. */
  since: isoTime,
  /** The last line that was written, without secrets. */
  line: z.string().nullable(),
  /** What is counted while it downloads; null where its launcher says nothing that can be counted. */
  unit: z.enum(['package', 'layer']).nullable(),
  done: z.number().int().nullable(),
  /** As many as the launcher has named so far. */
  of: z.number().int().nullable(),
  /** Phases that are over, and how long each took, ms. */
  steps: z.array(z.object({ phase: startPhase, ms: z.number() })),
})
export type StartProgressView = z.output<typeof startProgress>
