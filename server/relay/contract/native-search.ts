/** What the window needs of tool search: what a session shows, what that saves, and a person's own search over all its tools. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure, longestQuestion, rowId } from './parts.ts'

const foundTool = z.object({
  /** As the session knows it; as its server does for one that the session does not reach. */
  name: z.string(),
  toolName: z.string(),
  upstreamId: z.string(),
  server: z.string(),
  description: z.string(),
  /** From 0 to 1. */
  score: z.number(),
  /** What is off or held back is found and never called. */
  state: z.enum(['on', 'off', 'held']),
  /** Its calls wait for a person's yes. */
  asks: z.boolean(),
  /** Last called in this session, as far as it is remembered. */
  usedAt: isoTime.nullable(),
})
export type FoundTool = z.output<typeof foundTool>

const searched = z.object({
  query: z.string(),
  at: isoTime,
  /** Milliseconds, on this machine. */
  took: z.number(),
  /** Tools that were looked through. */
  of: z.number().int(),
  results: z.array(foundTool),
})
export type SearchedTools = z.output<typeof searched>

export const toolSearchView = z.object({
  on: z.boolean(),
  /** Names of what its clients see in the list; with tool search, or as it would be. */
  shown: z.array(z.string()),
  /** Tools that they reach. */
  tools: z.number().int(),
  /** Of those, not in the list. */
  behind: z.number().int(),
  /** Of the list as it is sent, with all tools and with tool search. */
  tokens: z.object({ all: z.number().int(), search: z.number().int(), tokeniser: z.string() }),
  searches: z.number().int(),
  /** Followed by a call of something they had found. */
  found: z.number().int(),
  /** The agent's last one since this program was started. */
  latest: searched.nullable(),
})
export type ToolSearchView = z.output<typeof toolSearchView>

const row = z.object({ id: rowId })

export const searchRoutes = {
  sessionToolSearch: {
    method: 'GET',
    path: '/v1/relay-sessions/:id/tool-search',
    tag: 'Window',
    summary: 'What tool search shows and saves in a session, measured, and what its agent searched for',
    access: 'key',
    right: 'relay:use',
    params: row,
    responses: { 200: { description: 'Tool search', body: toolSearchView }, 404: failure('No such session') },
  },
  searchSessionTools: {
    method: 'GET',
    path: '/v1/relay-sessions/:id/search',
    tag: 'Window',
    summary: 'Find a tool of a session’s servers by what it does, also one that is off',
    access: 'key',
    right: 'relay:use',
    params: row,
    query: z.object({ query: z.string().max(longestQuestion), limit: z.coerce.number().int().min(1).max(100).default(20) }),
    responses: { 200: { description: 'The best first', body: searched }, 404: failure('No such session') },
  },
} as const satisfies Record<string, RouteDefinition>
