/** The inspector's memory of calls is bounded, whatever they carried. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { CallLog } from '../../../server/relay/call-log.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('keeps the beginning of a long answer without keeping the rest of it', () => {
  const log = new CallLog({ now: () => 0, monotonic: () => 0 }, () => undefined)
  collect()
  const before = process.memoryUsage().heapUsed
  const call = { sessionId: 's', accountId: 'a', upstreamId: 'u', tool: 't', duration: 1, serverDuration: 1, state: 'succeeded', price: 0, credits: 0, error: null, request: null } as const
  for (let number = 0; number < 200; number += 1) log.add({ ...call, response: { text: String(number).padEnd(1_000_000, 'x') } })
  collect()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000)
  expect(log.list(1)[0]?.response).toMatch(/^\{"text":"199x+…$/)
  log.stop()
})
