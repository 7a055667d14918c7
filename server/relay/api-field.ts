/** Answers at the addresses that clients in the field insist on. */
import { handled, type Call, type Handlers } from '../http/api.ts'
import type { Gateway } from './clients/gateway.ts'
import type { fieldRoutes } from './contract/gateway-field.ts'

export interface FieldParts {
  gateway(): Promise<Gateway>
  /** Answers a request of the session in the address; null when it stands in the Bearer header. */
  mcp(sessionId: string | null, call: Call): Promise<typeof handled>
}

export function fieldHandlers({ gateway, mcp }: FieldParts): Handlers<typeof fieldRoutes> {
  const inAddress = ({ params }: { params: { sessionId: string } }, call: Call) => mcp(params.sessionId, call)
  const inHeader = (_: unknown, call: Call) => mcp(null, call)
  return {
    mcpAtMcpPost: inAddress,
    mcpAtMcpGet: inAddress,
    mcpAtMcpDelete: inAddress,
    mcpAtSsePost: inAddress,
    mcpAtSseGet: inAddress,
    mcpAtSseDelete: inAddress,
    bearerAtMcpPost: inHeader,
    bearerAtMcpGet: inHeader,
    bearerAtMcpDelete: inHeader,
    bearerAtSsePost: inHeader,
    bearerAtSseGet: inHeader,
    bearerAtSseDelete: inHeader,
    async olderMessage({ params }, { node }): Promise<typeof handled> {
      await (await gateway()).older.take(params.stream, node.request, node.response)
      return handled
    },
  }
}
