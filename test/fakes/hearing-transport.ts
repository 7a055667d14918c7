/** A client's way to the relay that tells when the client hears what is said outside of any call. */
import { StreamableHTTPClientTransport, type StreamableHTTPClientTransportOptions } from '@modelcontextprotocol/client'

/**
 * `hears` resolves when the stream for it is open, which the client of a session asks for when it has connected, and does not wait for.
 * What the relay says before has nobody to hear it.
 */
export function hearingTransport(
  url: string,
  options: StreamableHTTPClientTransportOptions = {},
): { transport: StreamableHTTPClientTransport; hears: Promise<void> } {
  const { promise: hears, resolve } = Promise.withResolvers<void>()
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    ...options,
    async fetch(input, init) {
      const response = await fetch(input, init)
      if (init?.method === 'GET') resolve()
      return response
    },
  })
  return { transport, hears }
}
