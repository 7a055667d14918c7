/**
 * A call to a server of the stateless era for a client of the session era. The server asks in its answer; the client is asked in the middle
 * of its call, and the call is made again with what it said.
 */
import type { Json, Message } from '../upstreams/connection.ts'

/** A server that asks on and on is ended here. */
const mostRounds = 32

export async function inRounds(
  send: (params: Json) => Promise<Json>,
  params: Json,
  ask: (message: Message, signal: AbortSignal) => Promise<Json>,
  signal: AbortSignal,
): Promise<Json> {
  let given = params
  for (let round = 0; round < mostRounds; round += 1) {
    const result = await send(given)
    if (result['resultType'] !== 'input_required') return result
    const requests = Object.entries(Object(result['inputRequests']) as Record<string, unknown>)
    const answers = await Promise.all(requests.map(async ([key, asked]) => [key, await ask(messageOf(asked), signal)] as const))
    const { requestState } = result
    given = { ...params, inputResponses: Object.fromEntries(answers), ...(requestState === undefined ? {} : { requestState }) }
  }
  throw new Error(`The server has asked ${mostRounds} times without an answer`)
}

/** What it holds is between server and client. */
function messageOf(asked: unknown): Message {
  const { method, params } = Object(asked) as Record<string, unknown>
  return { method: String(method), params: Object(params) as Json }
}
