/** The language of the desktop outside the window, and failures of the start in words a person can act on. */
import { Fault } from '../server/fault.ts'
import { en as words } from '../words/en.ts'
import { diskRefusal, diskSentence } from '../server/store/disk.ts'

export { words }

export interface Notice {
  title: string
  text: string
}

export function startFailure(error: unknown, dataDir: string): Notice {
  const title = words.desktop.cannotStart
  if (error instanceof Fault) return { title, text: error.message }
  const disk = diskRefusal(error, { ofFile: true })
  if (disk !== null) return { title, text: diskSentence(dataDir, disk) }
  return { title, text: error instanceof Error ? error.message : String(error) }
}
