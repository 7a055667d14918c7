/** What is changed of a server or a tool must go with what stays of it. */
import type { ToolHandling } from '../contract/tool-handling.ts'
import { newUpstream, type UpstreamPatch } from '../contract/upstream.ts'
import { withOptions } from '../contract/upstream-options.ts'
import { RelayFault } from '../fault.ts'
import { withLoginApart, type UpstreamDefinition } from './definition.ts'
import { unknownArguments } from './handling.ts'
import type { StoredTool } from './store.ts'

/** Throws `upstream-invalid`: what is changed must go with what stays. */
export function patched(before: UpstreamDefinition, patch: UpstreamPatch): UpstreamDefinition {
  const { name, transport, command, args, cwd, url, enabled, env, headers, options } = patch
  const given = withoutUndefined({ name, transport, command, args, cwd, url, enabled })
  const definition = withLoginApart({
    ...{ ...before, ...given, options: withOptions(before.options, options) },
    ...{ env: merged(before.env, env), headers: merged(before.headers, headers) },
  })
  const isApi = before.transport === 'openapi'
  if (isApi && transport !== undefined) throw new RelayFault('upstream-invalid', 'An API stays one; add another server instead')
  // What is asked of an API is what is asked of any address.
  const checked = newUpstream.safeParse(isApi ? { ...definition, transport: 'http' } : definition)
  if (checked.success) return definition
  throw new RelayFault('upstream-invalid', checked.error.issues.map(({ message }) => message).join('; '), {
    issues: checked.error.issues.map(({ path, message }) => ({ field: path.join('.'), message })),
  })
}

/** Throws `argument-unknown`. */
export function refuseUnknownArguments(tool: StoredTool | undefined, handling: ToolHandling | undefined): void {
  if (tool === undefined || handling === undefined) return
  const unknown = unknownArguments(tool.definition, handling.arguments)
  if (unknown.length > 0) throw new RelayFault('argument-unknown', `${tool.name} takes no argument ${unknown.join(', ')}`, { unknown })
}

function merged(before: Record<string, string>, patch: Record<string, string | null> | undefined): Record<string, string> {
  const entries = Object.entries({ ...before, ...patch })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null))
}

/** The type that says a value may be left out also lets it be undefined; spread over a definition that would erase a field. */
function withoutUndefined<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  // Entries of undefined are gone, which is what the type says.
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [Key in keyof Value]: Exclude<Value[Key], undefined>
  }
}
