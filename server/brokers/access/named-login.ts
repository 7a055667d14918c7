/** Under which name, and with which rules, a client enters its session. */
import type { AttachOptions } from '../engine/types.ts'
import { Access, calledOf, queueKeyOf, type RuledClient } from './access.ts'

/** A named client is kept under a name that nobody else can choose. One without a client id of its own keeps nothing. */
export function underItsName(
  { name, options }: { name: string; options: AttachOptions },
  named: RuledClient | null,
): { name: string; options: AttachOptions; access: Access | null } {
  if (named === null) return { name, options, access: null }
  const { kind, clientId = '' } = /^(?<kind>[a-z]+):(?<clientId>.*)$/s.exec(options.key)?.groups ?? {}
  const isNameless = kind !== 'mqtt' && kind !== 'user'
  const access = new Access(named, isNameless ? named.name : clientId)
  const called = calledOf(access.identity)
  const will = options.will == null ? null : { ...options.will, publisher: called }
  return { name: called, options: { ...options, will, ...(isNameless ? {} : { key: queueKeyOf(kind, access.identity) }) }, access }
}
