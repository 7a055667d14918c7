/** An MCP server on stdio that is a relay session behind it: a line in is a message there, and what is said there is a line out. */
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Readable, Writable } from 'node:stream'
import { refusal } from './messages.ts'
import { StreamableWay, type Fetch } from './streamable-way.ts'

export interface StdioBridgeGiven {
  input: Readable
  /** Lines of the protocol and nothing else. */
  output: Writable
  /** For the person who looks for a fault. */
  tell(words: string): void
  /** Where the relay is now: a Wheelhouse that was started again may have another address. */
  gateway(): URL
  secret: string
  fetch: Fetch
}

/** Ms before a server that could not be reached is asked again, and for how often; about as long as clients wait for their first answer. */
const pauses = [250, 500, 1_000, 2_000, 4_000, ...Array.from({ length: 8 }, () => 5_000)]
/** Ms for what is still being answered when the input ends, and as many for the farewell. */
const grace = 1_500

/** Resolves when the input has ended or `signal` aborts. What goes wrong with the output is for its owner to hear. */
export async function runStdioBridge(
  { input, output, tell, gateway, secret, fetch }: StdioBridgeGiven,
  signal: AbortSignal,
): Promise<void> {
  let isAway = false
  const under = new Set<Promise<void>>()
  const say = (message: unknown): void => void output.write(`${JSON.stringify(message)}\n`)
  const way = new StreamableWay({
    ...{ url: gateway, headers: { authorization: `Bearer ${secret}` } },
    async fetch(url, init) {
      const response = await fetch(url, init)
      if (isAway) tell(`Wheelhouse is there again, at ${url.origin}`)
      isAway = false
      return response
    },
    hear: say,
    async again(attempt, ended) {
      if (!isAway) tell(`Wheelhouse does not answer at ${gateway().origin}; trying again`)
      isAway = true
      const pause = pauses[attempt]
      if (pause === undefined) return false
      await delay(pause, undefined, { signal: ended })
      return true
    },
    onRefused: () => tell('the session is over or was revoked: make a new one in Wheelhouse, under Relay'),
  })
  const lines = createInterface({ input, crlfDelay: Infinity })
  lines.on('line', (line) => {
    if (line.trim() === '') return
    const message = parsed(line)
    if (message === undefined) return say({ ...refusal(0, -32700, 'Parse error: a line is one JSON-RPC message'), id: null })
    const sent = way.send(message).finally(() => under.delete(sent))
    under.add(sent)
  })
  await new Promise<void>((resolve) => {
    lines.once('close', resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
  })
  const atMost = (work: Promise<unknown>) => Promise.race([work, delay(grace, undefined, { ref: false })])
  if (!signal.aborted) await atMost(Promise.allSettled(under))
  await atMost(way.end())
  lines.close()
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
