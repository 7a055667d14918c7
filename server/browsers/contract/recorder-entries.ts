/** What stands in a session's list of what happened, and on the card of one that ended. */
import { z } from 'zod'
import { isoTime } from '../../http/contract.ts'
import { endCause, endReason } from './endings.ts'

export const recorderCategories = [
  'pages',
  'console',
  'failed',
  'requests',
  'leases',
  'clients',
  'people',
  'login',
  'dialogs',
  'downloads',
  'session',
] as const
export const recorderCategory = z.enum(recorderCategories)
export type RecorderCategory = z.output<typeof recorderCategory>

/** Who caused it: the page, people and programs that use the session, or Wheelhouse itself, e.g. on a page at the back. */
export const recorderSource = z.enum(['page', 'people', 'wheelhouse'])
export type RecorderSource = z.output<typeof recorderSource>

export const recorderEntry = z.object({
  /** In the order in which things happened; of this session alone. */
  id: z.number().int(),
  at: isoTime,
  category: recorderCategory,
  kind: z.string(),
  tone: z.enum(['neutral', 'good', 'busy', 'attention', 'bad']),
  source: recorderSource,
  /** What it is about, e.g. `GET /api/containers`. */
  subject: z.string(),
  /** What came of it, short, e.g. `184 ms`. */
  detail: z.string(),
  /** The whole in English words. */
  text: z.string(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
})
export type RecorderEntry = z.output<typeof recorderEntry>

export const crashCard = z.object({
  session: z.string(),
  username: z.string(),
  profile: z.string(),
  endedAt: isoTime,
  endReason,
  cause: endCause,
  /** Why, and what one can do, in English words. */
  explanation: z.string(),
  /** What the session itself said of its end. */
  reason: z.string(),
  /** Null while the browser's own end is not known. */
  exit: z.object({ code: z.number().nullable(), signal: z.string().nullable() }).nullable(),
  /** The last lines that Chromium wrote. */
  lastWords: z.array(z.string()),
  /** When it was last measured. */
  memoryBytes: z.number().nullable(),
  processCount: z.number().nullable(),
  /** Of the machine, at the end. */
  freeMemoryBytes: z.number(),
  openMs: z.number(),
  lastPage: z.object({ url: z.string(), title: z.string() }).nullable(),
  /** The latest last. */
  lastEntries: z.array(recorderEntry),
  /** Requests that had not ended, e.g. `GET /api/export`. */
  unfinished: z.array(z.string()),
  /** Its id; null when there is none, also after a restart of the server. */
  picture: z.number().int().nullable(),
})
export type CrashCard = z.output<typeof crashCard>
