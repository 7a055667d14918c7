/** A server that was only slow answers the newer era's question when it has been greeted in the older one already. */
import type { StdioTransport } from './stdio-transport.ts'

/** `answer` resolves with it, and may never. */
export function answeredLate(transport: StdioTransport): { answer: Promise<object>; stop(): void } {
  const { promise: answer, resolve } = Promise.withResolvers<object>()
  let asked: unknown
  let greeted = false
  transport.overheard = (message) => {
    if ('method' in message) {
      if (message.method === 'server/discover' && 'id' in message) asked = message.id
      greeted ||= message.method === 'initialize'
    } else if (greeted && message.id === asked && 'result' in message && 'supportedVersions' in message.result) resolve(message.result)
  }
  return { answer, stop: () => (transport.overheard = undefined) }
}
