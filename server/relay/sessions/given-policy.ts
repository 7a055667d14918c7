/**
 * A policy as it is kept, of one as it was given: tools by server and name, whichever way they were named. In the older form they are named
 * as the session shows them, before the new names that a person gave.
 */
import { RelayFault } from '../fault.ts'
import { sessionPolicy, type Alias, type GivenPolicy, type ItemRef, type SessionPolicy } from '../contract/parts.ts'
import { freeName, modelName } from './model-names.ts'
import type { ShownNames } from './shown-names.ts'

/** Throws `policy-invalid` for a name that no tool of the session's servers has or could have. */
export function resolvePolicy(given: GivenPolicy, names: ShownNames): SessionPolicy {
  const found = (shown: string): ItemRef[] => {
    const items = names.find('tool', shown)
    if (items.length > 0) return items
    throw new RelayFault('policy-invalid', `No server of this session has a tool it shows as ${shown}`, { name: shown })
  }
  const renames = Array.isArray(given.renames)
    ? given.renames
    : Object.entries(given.renames).flatMap(([shown, as]): Alias[] =>
        found(shown)
          .slice(0, 1)
          .map((item) => ({ kind: 'tool', ...item, as })),
      )
  const checked = sessionPolicy.safeParse({
    ...given,
    tools: given.tools?.flatMap((tool) => (typeof tool === 'string' ? found(tool) : [tool])) ?? null,
    renames,
  })
  if (!checked.success) throw new RelayFault('policy-invalid', checked.error.issues.map(({ message }) => message).join('; '))
  refuseTakenNames(checked.data.renames, names)
  return checked.data
}

/** Whether it names things as the session shows them: who does so has seen those names. */
export function namesShown({ tools, renames }: GivenPolicy): boolean {
  return tools?.some((tool) => typeof tool === 'string') === true || (!Array.isArray(renames) && Object.keys(renames).length > 0)
}

/** What an older version wrote: nothing in it stops the start, and what means nothing opens nothing. */
export function olderPolicy(written: unknown, names: ShownNames): SessionPolicy {
  const { tools, renames, ...rest } = isObject(written) ? written : {}
  const taken = new Set<string>()
  const aliases = isObject(renames)
    ? Object.entries(renames).flatMap(([shown, as]): Alias[] =>
        names
          .find('tool', shown)
          .slice(0, 1)
          .map((item) => {
            const free = freeName(taken, modelName('', String(as)))
            taken.add(free)
            return { kind: 'tool', ...item, as: free }
          }),
      )
    : (renames ?? [])
  const refs = Array.isArray(tools)
    ? tools.flatMap((tool: unknown) => (typeof tool === 'string' ? names.find('tool', tool) : [tool]))
    : null
  return sessionPolicy.parse({ ...rest, tools: refs, renames: aliases })
}

/** A name that the session has shown for one thing must not come to mean another. */
function refuseTakenNames(renames: readonly Alias[], names: ShownNames): void {
  for (const { kind, upstream, name, as } of renames) {
    const holder = names.holderOf(kind, as)
    if (holder === undefined || (holder.upstream === upstream && holder.name === name)) continue
    if (renames.some((other) => other.kind === kind && other.upstream === holder.upstream && other.name === holder.name)) continue
    throw new RelayFault('policy-invalid', `The session already shows ${holder.name} of another server or tool as ${as}`, { name: as })
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
