/** The SDK is loaded with the first server: an installation without any does without its memory. */
import type { UpstreamConnection, UpstreamConnectionOptions } from './connection.ts'

export async function openConnection(options: UpstreamConnectionOptions): Promise<UpstreamConnection> {
  const { UpstreamConnection } = await import('./connection.ts')
  return UpstreamConnection.open(options)
}
