/** Failures of the start in words a person can act on. */
import { Fault } from '../server/fault.ts'
import { diskRefusal, diskSentence } from '../server/store/disk.ts'

export interface Words {
  title: string
  text: string
}

export function startFailure(error: unknown, dataDir: string): Words {
  const title = 'Wheelhouse could not start'
  if (error instanceof Fault) return { title, text: error.message }
  const disk = diskRefusal(error, { ofFile: true })
  if (disk !== null) return { title, text: diskSentence(dataDir, disk) }
  return { title, text: error instanceof Error ? error.message : String(error) }
}
