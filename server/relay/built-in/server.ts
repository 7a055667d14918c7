/** Wheelhouse itself as an MCP server: tools that the other rooms give, each with its schema, its hints and a line in the audit trail. */
import type { CallToolResult, McpServer } from '@modelcontextprotocol/server'
import type { Announcer } from '../../events/event-types.ts'
import { RelayFault } from '../fault.ts'
import type { z } from 'zod'
import type { Right, Standing } from '../../http/rights.ts'
import type { NamedSecrets } from '../calls/secrets.ts'
import type { relayEvents } from '../events.ts'
import type { BuiltInReach } from './reach.ts'
import type { BuiltInServer } from '../upstreams/upstreams.ts'
import { plainText } from '../../plain-text.ts'

export type ToolContent =
  | { type: 'text'; text: string }
  | { type: 'image'; data: string; mimeType: string }
  | { type: 'resource'; resource: { uri: string; mimeType: string; blob: string } }

/** Why a tool did not do what was asked, and what to do next: each is said by itself. */
export class ToolRefusal extends Error {
  override readonly name = 'ToolRefusal'
  readonly remedy: string

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options)
    this.remedy = remedy
  }
}

/** One thing a room lets an MCP client do. */
export interface BuiltInTool<Input extends z.ZodObject = z.ZodObject> {
  /** `thing_verb`, e.g. `browser_open`. */
  name: string
  title: string
  description: string
  input: Input
  /** Changes nothing; all others have to be switched on for a session by name. */
  readOnly: boolean
  /** What whoever decided the session's policy has to hold, now. */
  right: Right
  destructive?: boolean
  /** What is not kept of its calls. */
  secrets?: NamedSecrets
  /** What it works on, for the audit trail: an id, never contents. `actor`: who calls. */
  about?(input: z.output<Input>, actor: string): string
  /**
   * `progress` tells a client that asked for it how far the work is, and never fails; one that says nothing is said to be done when it is.
   */
  run(
    input: z.output<Input>,
    call: {
      actor: string
      /** What the session may do: which things of the room it sees, and whose is what it makes. */ standing: Standing
      signal: AbortSignal
      /** Whether another tool that changes something is switched on for the session. */
      has(tool: string): boolean
      progress(done: number, total: number, message: string): Promise<void>
    },
  ): Promise<ToolContent[]> | ToolContent[]
}

/** Keeps the type of the input for `run` while tools of all kinds stand in one list. */
export function builtInTool<Input extends z.ZodObject>(tool: BuiltInTool<Input>): BuiltInTool {
  // `run` is only ever called with what `input` has parsed.
  return tool
}

/** Where the gateway writes which session calls; a client's own value is overwritten. */
export const callerKey = 'wheelhouse/session'

export interface BuiltInParts {
  events: Announcer<typeof relayEvents>
  reach: BuiltInReach
  /** Who decided what a session reaches; null for one that is over. */
  policyBy(sessionId: string): string | null
  /** Whether a tool that changes something is switched on for it; none when left out. */
  switchedOn?(sessionId: string, tool: string): boolean
}

export function createBuiltInServer(
  tools: () => Promise<readonly BuiltInTool[]>,
  { events, reach, policyBy, switchedOn = () => false }: BuiltInParts,
): BuiltInServer {
  const standingOf = (sessionId: string): Standing | null => reach.standingOf(policyBy(sessionId))
  return {
    name: 'wheelhouse',
    mayUse: reach.mayUse,
    async connect() {
      const [{ InMemoryTransport, McpServer }, { version }, offered] = await Promise.all([
        import('@modelcontextprotocol/server'),
        import('../../version.ts'),
        tools(),
      ])
      const server = new McpServer(
        { name: 'wheelhouse', title: 'Wheelhouse', version },
        { instructions: 'Browsers, bots, brokers and logins of this machine’s Wheelhouse.' },
      )
      for (const tool of offered) {
        const { name, title, description, input, readOnly, destructive = false } = tool
        const annotations = { title, readOnlyHint: readOnly, destructiveHint: destructive, openWorldHint: !readOnly }
        server.registerTool(name, { title, description, inputSchema: input, annotations }, (given, { mcpReq }) =>
          callTool(tool, given, mcpReq, { events, standingOf, switchedOn }),
        )
      }
      const [here, there] = InMemoryTransport.createLinkedPair()
      await server.connect(there)
      return here
    },
  }
}

type Request = Parameters<Parameters<McpServer['registerTool']>[2]>[1]['mcpReq']

interface CallParts {
  events: Announcer<typeof relayEvents>
  standingOf(sessionId: string): Standing | null
  switchedOn(sessionId: string, tool: string): boolean
}

async function callTool(
  { name, title, readOnly, right, about, run }: BuiltInTool,
  given: z.output<z.ZodObject>,
  request: Request,
  { events, standingOf, switchedOn }: CallParts,
): Promise<CallToolResult> {
  const sessionId = plainText(request._meta?.[callerKey] ?? 'unknown')
  const actor = `relay:${sessionId}`
  const token = request._meta?.progressToken
  let reported = -1
  const progress = async (done: number, total: number, message: string): Promise<void> => {
    // The protocol wants it to rise.
    if (token === undefined || done <= reported) return
    reported = done
    try {
      await request.notify({ method: 'notifications/progress', params: { progressToken: token, progress: done, total, message } })
    } catch {
      // The client has gone; what is said to it is lost with it, and the work goes on. Tools say it from callbacks, where nobody would
      // wait.
    }
  }
  const audit = (type: 'tool-used' | 'tool-failed'): void => {
    const data = { readOnly, about: about?.(given, actor).slice(0, 200), title }
    events.emit({ type, subject: name, actor, data })
  }
  try {
    const standing = standingOf(sessionId)
    // The view of the session may be older than a key that was revoked in between.
    if (standing?.may(right) !== true)
      throw new RelayFault(
        'tool-not-allowed',
        `This session may not use ${name}: it takes ${right}, which whoever made the session does not hold`,
      )
    const has = (other: string): boolean => switchedOn(sessionId, other)
    const content = await run(given, { actor, standing, signal: request.signal, has, progress })
    if (reported < 0) await progress(1, 1, 'Done')
    audit('tool-used')
    return { content }
  } catch (error) {
    audit('tool-failed')
    // Said in the result, where the model can read it and do better.
    const said = [error instanceof Error ? error.message : String(error), ...(error instanceof ToolRefusal ? [error.remedy] : [])]
    return { isError: true, content: said.map((text) => ({ type: 'text', text })) }
  }
}
