/** A key's rights and dates in words. */
import type { KeyScope, KeyView } from '../../../server/control/contract.ts'

const day = 86_400_000

/** The rooms it opens, each once. */
export function opens({ scopes }: Pick<KeyView, 'scopes'>): KeyScope['room'][] {
  return [...new Set(scopes.map(({ room }) => room))]
}

export function mayText({ scopes }: { scopes: readonly KeyScope[] }): string {
  const verbs = new Set(scopes.map(({ verb }) => verb))
  if (verbs.has('read') && verbs.has('write')) return 'Read and write'
  return verbs.has('write') ? 'Write only' : 'Read only'
}

/** Worth a look: it ends within a week. */
export const endsSoon = (iso: string, now = Date.now()): boolean => Date.parse(iso) - now < 7 * day
/** Worth a look: nobody has used it for a quarter of a year. */
export const longUnused = (iso: string, now = Date.now()): boolean => now - Date.parse(iso) > 90 * day
