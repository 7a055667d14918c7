/** The tool by which a model reads on in an answer that was too large for its session. It costs nothing. */
import type { StoredSession } from '../sessions/store.ts'
import type { View } from '../sessions/view.ts'
import type { SessionPolicy } from '../contract/parts.ts'
import type { Json } from '../upstreams/connection.ts'
import type { ToolDefinition } from '../upstreams/store.ts'
import type { Rests } from './rests.ts'

export const restToolName = 'read_rest'

const restTool: ToolDefinition = {
  name: restToolName,
  title: 'Read the rest',
  description:
    'Reads on in an answer that was cut because it was too long. Each call gives the next part; with `from` it reads from that character on.',
  inputSchema: {
    type: 'object',
    properties: {
      handle: { type: 'string', description: 'As the cut answer names it' },
      from: { type: 'integer', minimum: 0, description: 'The character to read from; where the last part ended when left out' },
    },
    required: ['handle'],
  },
  annotations: { readOnlyHint: true },
}

/** Shown where answers are cut, unless a server has a tool of this name. */
export function restTools({ tools }: View, { cap }: Pick<SessionPolicy, 'cap'>): readonly ToolDefinition[] {
  return (cap.bytes === null && cap.tokens === null) || tools.has(restToolName) ? [] : [restTool]
}

/** Undefined when the name is not this tool's. Also after the limit was taken away, for who has a handle still. */
export function answerRestCall(
  rests: Rests,
  session: StoredSession,
  { name, arguments: args = {} }: { name: string; arguments?: Json | undefined },
): Json | undefined {
  if (name !== restToolName) return undefined
  const { handle, from } = args
  if (typeof handle !== 'string' || (from !== undefined && !Number.isSafeInteger(from)))
    return failed('Give the handle that the cut answer names, and `from` as a whole number or not at all.')
  const part = rests.read(session.id, handle, from as number | undefined)
  if (part === null) return failed('There is nothing under this handle any more: it is kept for 15 minutes. Make the call again.')
  const place = `[Characters ${part.from} to ${part.from + part.text.length} of ${part.of}.`
  const more = part.next === null ? ' This is the end.]' : ` Call ${restToolName} with the same handle for what follows.]`
  return {
    content: [
      { type: 'text', text: part.text },
      { type: 'text', text: place + more },
    ],
  }
}

function failed(text: string): Json {
  return { isError: true, content: [{ type: 'text', text }] }
}
