/** Under which name, and with which rules, a client enters its session. */
import type { AttachOptions } from '../engine/types.ts'
import { Access, queueNameOf, type RuledClient } from './access.ts'

/** A named client is kept under a name that nobody else can choose. One without a client id of its own keeps nothing. */
export function underItsName(
  { name, options }: { name: string; options: AttachOptions },
  named: RuledClient | null,
): { name: string; options: AttachOptions; access: Access | null } {
  if (named === null) return { name, options, access: null }
  const { key } = options
  if (key.startsWith('anonymous:')) return { name: named.name, options, access: new Access(named, named.name) }
  const begin = key.indexOf(':') + 1
  const access = new Access(named, key.slice(begin))
  const { identity } = access
  const queue = queueNameOf(identity)
  return { name: queue.slice(1), options: { ...options, key: `${key.slice(0, begin)}${queue}` }, access }
}
