/** What a person adds to a tool of a server: a note, another description, arguments that are fixed or filled in. No Node import. */
import { z } from 'zod'

const text = z.string().trim().min(1).max(4_096)
export const argumentName = z.string().min(1).max(200)

export const handledArgument = z.object({
  name: argumentName,
  /**
   * `pinned`: always this value, and the argument is taken out of what the tool says it takes. `default`: this value where the client
   * gives none.
   */
  mode: z.enum(['pinned', 'default']),
  /** Any JSON. */
  value: z.unknown(),
  /** What becomes of a client's own value for a pinned argument. */
  given: z.enum(['refuse', 'overwrite']).default('refuse'),
})
export type HandledArgument = z.output<typeof handledArgument>

export const toolHandling = z.object({
  /** Appended to the description. */
  note: text.nullable().default(null),
  /** In place of the server's description. */
  description: text.nullable().default(null),
  arguments: z
    .array(handledArgument)
    .max(100)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'Each argument stands once')
    .default([]),
})
export type ToolHandling = z.output<typeof toolHandling>

export const noHandling: ToolHandling = toolHandling.parse({})
