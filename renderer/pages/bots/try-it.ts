/** Calls of the published API that the page offers to try, for the bot at hand. */
import type { RequestExample } from '../../components/request-snippets.ts'

export interface TryCall {
  name: string
  method: 'GET' | 'POST'
  path: string
  body?: Readonly<Record<string, unknown>>
  /** What it changes; null when it only reads. */
  changes: string | null
}

export function callsFor(userId: string | null): TryCall[] {
  const general: TryCall[] = [
    { name: 'All sessions', method: 'GET', path: '/api/sessions', changes: null },
    { name: 'Statistics', method: 'GET', path: '/api/stats', changes: null },
  ]
  if (userId === null) return general
  const one = `/api/sessions/${userId}`
  return [
    { name: 'One session', method: 'GET', path: one, changes: null },
    { name: 'Start', method: 'POST', path: `${one}/start`, changes: 'Starts the bot; one that runs goes on as it is' },
    { name: 'Stop', method: 'POST', path: `${one}/stop`, changes: 'Stops the bot; the phone keeps the link' },
    { name: 'Backup', method: 'POST', path: `${one}/backup`, changes: 'Keeps one more backup' },
    ...general,
  ]
}

export function exampleOf({ method, path, body }: TryCall, base: string, asksKey: boolean): RequestExample {
  return { method, url: base + path, ...(asksKey ? { key: '$WHEELHOUSE_KEY' } : {}), ...(body === undefined ? {} : { body }) }
}
