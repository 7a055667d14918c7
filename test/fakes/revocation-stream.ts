/** A gateway's end of the revocation stream. */
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { RevocationMessage } from '../../server/logins/revocations.ts'
import { until } from './kernel.ts'

export interface StreamClient {
  messages: RevocationMessage[]
  until(condition: (message: RevocationMessage) => boolean): Promise<void>
}

/** Resolves when all that was missed has been sent. */
export async function connectStream(
  url: string,
  { since, headers = {} }: { since?: number | 'now'; headers?: Record<string, string> } = {},
): Promise<StreamClient> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/sessions/revocations${since === undefined ? '' : `?since=${since}`}`, {
    headers,
  })
  onTestFinished(() => socket.terminate())
  const messages: RevocationMessage[] = []
  // What this server sends; the tests look at it.
  socket.on('message', (data) => messages.push(JSON.parse(String(data)) as RevocationMessage))
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  const client: StreamClient = { messages, until: (condition) => until('the message comes', () => messages.some(condition)) }
  await client.until(({ type }) => type === 'ready')
  return client
}
