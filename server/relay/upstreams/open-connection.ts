/** The SDK is loaded with the first server: an installation without any does without its memory. */
import type { Link, LinkOptions } from './connection.ts'

export async function openLink(options: LinkOptions): Promise<Link> {
  const { Link } = await import('./connection.ts')
  return Link.open(options)
}
