/** The SDK is loaded with the first server: an installation without any does without its memory. */
import type { Link, LinkOptions } from './link.ts'

export async function openLink(options: LinkOptions): Promise<Link> {
  const { Link } = await import('./link.ts')
  return Link.open(options)
}
