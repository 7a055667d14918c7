/** A tool as clients are told of it, and the arguments it is called with, when a person has added something to it. */
import { isDeepStrictEqual } from 'node:util'
import type { HandledArgument, ToolHandling } from '../contract/tool-handling.ts'
import type { ToolDefinition } from './store.ts'

export type Arguments = Record<string, unknown>

export function isHandled({ note, description, arguments: handled }: ToolHandling): boolean {
  return note !== null || description !== null || handled.length > 0
}

/** The definition with the person's words, without pinned arguments, and with the values that stand where a client gives none. */
export function listedAs(definition: ToolDefinition, handling: ToolHandling): ToolDefinition {
  if (!isHandled(handling)) return definition
  const description = [handling.description ?? definition.description, handling.note].filter((text) => text != null && text !== '')
  const listed: ToolDefinition = { ...definition, ...(description.length === 0 ? {} : { description: description.join('\n\n') }) }
  const schema = definition['inputSchema']
  if (handling.arguments.length === 0 || !isObject(schema)) return listed
  return { ...listed, inputSchema: schemaAs(schema, handling.arguments) }
}

/** What a tool is called with; the name of a pinned argument instead, when the client gives another value where none may be given. */
export function argumentsFor(
  handled: readonly HandledArgument[],
  given: Arguments | undefined,
): { arguments: Arguments; refused: null } | { refused: string } {
  const made: Arguments = { ...given }
  for (const { name, mode, value, given: what } of handled) {
    const own = Object.hasOwn(made, name)
    if (mode === 'pinned' && own && what === 'refuse' && !isDeepStrictEqual(made[name], value)) return { refused: name }
    if (mode === 'pinned' || !own) Object.defineProperty(made, name, { value, enumerable: true, writable: true, configurable: true })
  }
  return { arguments: made, refused: null }
}

/** Names of handled arguments that a tool does not say it takes; none where it says nothing of its arguments. */
export function unknownArguments({ inputSchema }: ToolDefinition, handled: readonly HandledArgument[]): string[] {
  const properties = isObject(inputSchema) ? inputSchema['properties'] : undefined
  if (!isObject(properties)) return []
  return handled.flatMap(({ name }) => (Object.hasOwn(properties, name) ? [] : [name]))
}

function schemaAs(schema: Arguments, handled: readonly HandledArgument[]): Arguments {
  const { properties, required } = schema
  const of = new Map(handled.map((each) => [each.name, each]))
  return {
    ...schema,
    ...(Array.isArray(required) ? { required: required.filter((name: unknown) => typeof name !== 'string' || !of.has(name)) } : {}),
    ...(isObject(properties)
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).flatMap(([name, property]): [string, unknown][] => {
              const argument = of.get(name)
              if (argument?.mode === 'pinned') return []
              return [[name, argument === undefined || !isObject(property) ? property : { ...property, default: argument.value }]]
            }),
          ),
        }
      : {}),
  }
}

function isObject(value: unknown): value is Arguments {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
