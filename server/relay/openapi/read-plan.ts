/** From the text of a description to what it offers: one that is small whatever is in it here, any other in a thread of its own. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { RelayFault } from '../fault.ts'
import { invalid, readDocument } from './document.ts'
import { planOf, type ApiPlan } from './operations.ts'
import type { Read } from './reader.ts'

/** Characters that are read in a few milliseconds where each stands for itself. */
const short = 4_096
/** Far more than the largest description that is taken needs. */
const limits = { maxOldGenerationSizeMb: 1_024 }
const patience = 60_000

/** Throws `openapi-invalid`. */
export async function planFrom(text: string): Promise<ApiPlan> {
  if (isSmall(text)) return planOf(await readDocument(text))
  const read = await inThread(text)
  if ('refused' in read) throw new RelayFault('openapi-invalid', read.refused)
  return read.plan
}

/** JSON without references: aliases of YAML stand for far more than is written, and each operation walks what it refers to. */
function isSmall(text: string): boolean {
  if (text.length > short) return false
  try {
    return !JSON.stringify(JSON.parse(text)).includes('"$ref"')
  } catch {
    return false
  }
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
