/** From the text of a description to what it offers: a short one here, a long one in a thread of its own. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { RelayFault } from '../fault.ts'
import { invalid, readDocument } from './document.ts'
import { planOf, type ApiPlan } from './operations.ts'
import type { Read } from './reader.ts'

/** Characters that are read in a few milliseconds. */
const short = 65_536
/** Far more than the largest description that is taken needs. */
const limits = { maxOldGenerationSizeMb: 1_024 }
const patience = 60_000

/** Throws `openapi-invalid`. */
export async function planFrom(text: string): Promise<ApiPlan> {
  if (text.length <= short) return planOf(await readDocument(text))
  const read = await inThread(text)
  if ('refused' in read) throw new RelayFault('openapi-invalid', read.refused)
  return read.plan
}

function inThread(text: string): Promise<Read> {
  const thread = new Worker(readerFile(), { workerData: text, resourceLimits: limits })
  return new Promise<Read>((resolve, reject) => {
    const late = setTimeout(() => reject(invalid('It takes too long to read')), patience)
    // The thread says nothing else.
    thread.once('message', (read: Read) => resolve(read))
    thread.once('error', (error: Error & { code?: string }) =>
      reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? invalid('It takes too much memory to read') : error),
    )
    thread.once('exit', () => {
      clearTimeout(late)
      reject(new Error('The thread that read a description ended without an answer'))
    })
  }).finally(() => void thread.terminate())
}

/** Beside this file in the sources, beside the program once it is built. */
function readerFile(): string {
  const candidates = ['reader.ts', 'api-reader.js', join('..', 'api-reader.js')].map((name) => join(import.meta.dirname, name))
  return candidates.find((file) => existsSync(file)) ?? ''
}
