/** Refusals as MCP clients read them: an HTTP status with a JSON-RPC error. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ProtocolError, type RequestId } from '@modelcontextprotocol/server'
import type { Refusal } from '../billing/credit-ledger.ts'
import type { ToolEntry } from '../sessions/view.ts'

export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

export function refuse(
  response: ServerResponse,
  status: number,
  code: number,
  message: string,
  more: { id?: unknown; data?: unknown; headers?: Readonly<Record<string, string>> } = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...more.headers })
  response.end(
    JSON.stringify({
      jsonrpc: '2.0',
      id: more.id ?? null,
      error: { code, message, ...(more.data === undefined ? {} : { data: more.data }) },
    }),
  )
}

/** 402 with the shortfall for credits, 429 for a rate. */
export function refuseCharge(response: ServerResponse, refusal: Refusal, entry: ToolEntry, id: RequestId): void {
  const { message, data } = refusalError(refusal, entry)
  if (refusal.kind === 'rate') refuse(response, 429, -32000, message, { id, data, headers: { 'retry-after': String(refusal.retryAfter) } })
  else refuse(response, 402, -32000, message, { id, data })
}

/** The same within an answer that has begun, where there is no status any more. */
export function refusalError(refusal: Refusal, entry: ToolEntry): ProtocolError {
  const service = entry.upstream.definition.name
  switch (refusal.kind) {
    case 'rate':
      return new ProtocolError(-32000, `This session may make ${refusal.maxCallsPerMinute} calls a minute`, {
        service,
        maxCallsPerMinute: refusal.maxCallsPerMinute,
      })
    case 'session-cap':
      return new ProtocolError(-32000, 'This session has spent the credits it may spend', {
        service,
        maxCredits: refusal.maxCredits,
        spent: refusal.spent,
        requiredCredits: entry.tool.price,
      })
    case 'credits': {
      const { kind: _, ...shortage } = refusal
      return new ProtocolError(-32000, 'Insufficient credits', { service, ...shortage })
    }
  }
}
