/** Looking through a session's retained messages, and taking some away: in turns, since others must not wait for thousands of them. */
import type { RetainedPage, RetainedQuery } from '../types.ts'
import type { MessageStore } from './message-store.ts'
import type { Message, Tenant } from './model.ts'
import type { Turns } from './turns.ts'

export interface Parts {
  store: MessageStore
  turns: Turns
}

/** More than the page that are kept while looking, so that sorting is rare. */
const spare = 500

export async function retainedPage(
  tenant: Tenant,
  filter: string,
  { after = null, limit }: RetainedQuery,
  { store, turns }: Parts,
): Promise<RetainedPage> {
  let total = 0
  let found: Message[] = []
  let more = false
  const keepFirst = (): void => {
    found.sort((a, b) => (a.topic < b.topic ? -1 : 1))
    more ||= found.length > limit
    found = found.slice(0, limit)
  }
  await turns.each(tenant.retained.matching(filter), (message) => {
    if (message === null || store.isExpired(message)) return
    total += 1
    if (after !== null && message.topic <= after) return
    found.push(message)
    if (found.length >= limit * 2 + spare) keepFirst()
  })
  keepFirst()
  return { messages: found, total, more }
}

/** Of those that are there now; what is published meanwhile stays. */
export async function removeRetained(tenant: Tenant, filter: string, { store, turns }: Parts): Promise<number> {
  const end = store.nextSeq
  let removed = 0
  await turns.each(tenant.retained.matching(filter), (message) => {
    if (message === null || message.seq >= end) return
    store.unretain(message)
    removed += 1
  })
  return removed
}
