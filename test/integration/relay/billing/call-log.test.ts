/** The inspector's memory of calls is bounded, whatever they carried. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'

test('keeps the beginning of a long answer without keeping the rest of it', async () => {
  // 200 MB of answers: the worker would end with ERR_WORKER_OUT_OF_MEMORY, which `once` throws.
  const worker = new Worker(new URL('../../../fixtures/full-call-log.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 48 },
  })
  // Both at once: a worker that ends right after it has spoken hands over its last word together with its end.
  const [[response]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
  expect(response).toMatch(/^\{"text":"199x+…$/)
})
