/** The server as a whole: whether it runs, what its rooms count, and a room that is started again. */
import { z } from 'zod'
import { roomNames, type RouteDefinition } from '../../http/contract.ts'
import { attentionItem, roomSummary } from '../../room-report.ts'
import { failure } from './parts.ts'

export const overview = z.object({
  rooms: z.array(roomSummary),
  /** Unix seconds of each point of the series. */
  times: z.array(z.number()),
  attention: z.array(attentionItem),
})
export type Overview = z.output<typeof overview>

export const houseRoutes = {
  health: {
    method: 'GET',
    path: '/control/v1/health',
    tag: 'House',
    summary: 'Whether the server runs',
    access: 'public',
    right: 'anyone',
    responses: { 200: { description: 'It runs', body: z.object({ status: z.literal('ok'), version: z.string(), uptime: z.number() }) } },
  },
  overview: {
    method: 'GET',
    path: '/control/v1/overview',
    tag: 'House',
    summary: 'Counts, rates and what needs attention',
    access: 'key',
    right: 'activity:use',
    query: z.object({ span: z.enum(['15m', '1h', '24h']).default('15m') }),
    responses: { 200: { description: 'Overview', body: overview } },
  },
  restartRoom: {
    method: 'POST',
    path: '/control/v1/rooms/:name/restart',
    tag: 'House',
    summary: 'Stop a room and start it again, alone; for one that was set aside because it failed',
    access: 'key',
    right: 'control:manage',
    params: z.object({ name: z.enum(roomNames) }),
    responses: { 204: { description: 'It serves again' }, 503: failure('It failed again') },
  },
} as const satisfies Record<string, RouteDefinition>
