/** What pages of other origins are told: that they may call, with what, and which headers of the answer they may read. */
import type { IncomingMessage } from 'node:http'
import type { Context } from 'koa'
import type { Api } from './api.ts'
import type { GuardedRoute } from './guards.ts'

/** What MCP clients send beside what every page may, and what they have to read. */
const mcpSends = /^(accept|authorization|content-type|last-event-id|mcp-[a-z0-9-]+)$/
const mcpReads = 'mcp-session-id, mcp-protocol-version, www-authenticate, retry-after, x-request-id'

export function allowOrigin(ctx: Context, origin: string): void {
  ctx.set('access-control-allow-origin', origin)
  if (origin !== '*') ctx.vary('origin')
  ctx.set('access-control-expose-headers', 'x-request-id, retry-after')
}

export function isPreflight(ctx: Context): boolean {
  return ctx.method === 'OPTIONS' && ctx.get('access-control-request-method') !== ''
}

export function answerPreflight(ctx: Context): void {
  ctx.set('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE')
  ctx.set('access-control-allow-headers', ctx.get('access-control-request-headers') || 'authorization, content-type, x-api-key')
  ctx.set('access-control-max-age', '600')
  ctx.status = 204
}

/** Whether the origin that calls is one to which a person has opened what the request names. */
export function isOpened(
  api: Api,
  request: IncomingMessage,
  route: GuardedRoute | undefined,
  params: Readonly<Record<string, string>> | undefined,
): boolean {
  const { origin } = request.headers
  return origin !== undefined && route?.openedBySession === true && api.isOpenTo?.(origin, request, params ?? {}) === true
}

/** Tells that origin alone, and of headers only those of the protocol; true when that was all it asked. */
export function allowOpened(ctx: Context): boolean {
  ctx.set('access-control-allow-origin', ctx.get('origin'))
  ctx.vary('origin')
  ctx.set('access-control-expose-headers', mcpReads)
  if (!isPreflight(ctx)) return false
  const asked = ctx.get('access-control-request-headers').toLowerCase().split(',')
  const sends = asked.map((name) => name.trim()).filter((name) => mcpSends.test(name))
  ctx.set('access-control-allow-methods', 'GET, POST, DELETE')
  ctx.set('access-control-allow-headers', sends.join(', '))
  // Browsers ask where a page of the internet calls this machine.
  if (ctx.get('access-control-request-private-network') === 'true') ctx.set('access-control-allow-private-network', 'true')
  ctx.set('access-control-max-age', '600')
  ctx.status = 204
  return true
}
