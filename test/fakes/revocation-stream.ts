/** A gateway's end of the revocation stream. */
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { RevocationMessage } from '../../server/logins/revocations.ts'
import { until } from './kernel.ts'

export interface StreamClient {
  messages: RevocationMessage[]
  until(condition: (message: RevocationMessage) => boolean): Promise<void>
}

/** Resolves when all that was missed has been sent. Connects again until then where the service asks for it, as its store was away. */
export async function connectStream(
  url: string,
  { since, headers = {} }: { since?: number | 'now'; headers?: Record<string, string> } = {},
): Promise<StreamClient> {
  const address = `${url.replace('http', 'ws')}/api/v1/sessions/revocations${since === undefined ? '' : `?since=${since}`}`
  const messages: RevocationMessage[] = []
  const isReady = (): boolean => messages.some(({ type }) => type === 'ready')
  let isOver = false
  let socket: WebSocket | undefined
  onTestFinished(() => {
    isOver = true
    socket?.terminate()
  })
  const connect = async (): Promise<void> => {
    const own = new WebSocket(address, { headers })
    socket = own
    // What this server sends; the tests look at it.
    own.on('message', (data) => messages.push(JSON.parse(String(data)) as RevocationMessage))
    own.on('close', (code) => {
      if ((code === 1012 || code === 1013) && !isOver && !isReady()) connect().catch(() => undefined)
    })
    await new Promise((resolve, reject) => {
      own.once('open', resolve)
      own.on('error', reject)
    })
  }
  await connect()
  await until('the stream is ready', isReady)
  return { messages, until: (condition) => until('the message comes', () => messages.some(condition)) }
}
