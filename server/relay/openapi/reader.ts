/** Reads one description in a thread of its own: a large one takes a second, in which nobody else would be served. Told by its maker. */
import { parentPort, workerData } from 'node:worker_threads'
import { RelayFault } from '../fault.ts'
import { readDocument } from './document.ts'
import { planOf, type ApiPlan } from './operations.ts'

/** What the thread says, once. */
export type Read = { plan: ApiPlan } | { refused: string }

async function read(text: string): Promise<Read> {
  try {
    return { plan: planOf(await readDocument(text)) }
  } catch (error) {
    if (!RelayFault.is(error, 'openapi-invalid')) throw error
    return { refused: error.message }
  }
}

// Given by whoever started the thread; without one this file does nothing.
if (typeof workerData === 'string') parentPort?.postMessage(await read(workerData))
