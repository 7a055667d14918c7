/** How one server is treated, beside what it is run with. Kept in the clear, so nothing here may be a secret. No Node import. */
import { z } from 'zod'

const seconds = z.number().int().min(1).max(3_600)

/** One line for each, with its default. */
const fields = {
  /** Seconds from its start to its first answer; one that has to be fetched first takes minutes. */
  startTimeout: seconds.default(180),
  /** Seconds for each page of what it offers. */
  listTimeout: seconds.default(60),
  /** Seconds for a call; null for the setting of the relay. */
  callTimeout: seconds.nullable().default(null),
  /** Calls of which of its tools wait for a person's yes, in whatever session. */
  asksFirst: z.enum(['nothing', 'destructive', 'everything']).default('nothing'),
  /** Its titles and descriptions may change: only another name, schema or hint holds something back. */
  trustTexts: z.boolean().default(false),
  /** Whether all clients share one connection, a process for a program, or each session or client has one of its own beside it. */
  process: z.enum(['shared', 'session', 'client']).default('shared'),
  /** Seconds after its last request that one of a client's or session's own ends. */
  ownIdle: seconds.default(60),
  /** How many of those there may be. */
  ownAtMost: z.number().int().min(1).max(200).default(8),
}
type Fields = typeof fields

export const upstreamOptions = z.object(fields)
export type ServerOptions = z.output<typeof upstreamOptions>

/** As given: what is left out stays, or has its default with a new server. A default here would set back what a person chose. */
export const upstreamOptionsPatch = z.strictObject(
  // Each field without its default, which is what the type says.
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.unwrap().optional()])) as {
    [Name in keyof Fields]: z.ZodOptional<ReturnType<Fields[Name]['unwrap']>>
  },
)
export type ServerOptionsPatch = z.output<typeof upstreamOptionsPatch>

export const defaultOptions: ServerOptions = upstreamOptions.parse({})

export function withOptions(before: ServerOptions, patch: ServerOptionsPatch | undefined): ServerOptions {
  return upstreamOptions.parse({ ...before, ...patch })
}
