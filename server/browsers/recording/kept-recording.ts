/** What is known of a recording, in a file beside its pictures. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { isoTime } from '../../http/contract.ts'
import { replaceFile } from '../../store/files.ts'
import { recordingEnd } from '../contract/endings.ts'

const factsName = 'recording.json'
const picturesName = 'pictures.mjpeg'
export const recordingName = /^recording_[0-9a-f-]{36}$/

const facts = z.object({
  id: z.string().regex(recordingName),
  session: z.string(),
  username: z.string(),
  profile: z.string(),
  /** Who may see it. */
  makers: z.array(z.string().nullable()),
  startedAt: isoTime,
  endedAt: isoTime.nullable(),
  why: recordingEnd.nullable(),
  frames: z.number().int(),
  bytes: z.number().int(),
})
export type KeptRecording = z.output<typeof facts>

export const picturesOf = (folder: string, id: string): string => join(folder, id, picturesName)

export function writeFacts(folder: string, recording: KeptRecording): void {
  replaceFile(join(folder, recording.id, factsName), JSON.stringify(recording))
}

/** Those whose facts can be read; null for a folder that has none, as a crash in the moment of its making leaves it. */
export function readAll(folder: string): { id: string; facts: KeptRecording | null }[] {
  return namesIn(folder).map((id) => {
    try {
      return { id, facts: facts.parse(JSON.parse(readFileSync(join(folder, id, factsName), 'utf8'))) }
    } catch {
      return { id, facts: null }
    }
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => recordingName.test(name))
  } catch {
    return []
  }
}
