/** Looking through a session's retained messages, and taking some away: in slices, since others must not wait for thousands of them. */
import { setImmediate } from 'node:timers/promises'
import { hasWildcard, matches } from '../topics.ts'
import type { RetainedPage, RetainedQuery } from '../types.ts'
import type { MessageStore } from './message-store.ts'
import type { Message, Tenant } from './model.ts'

const perSlice = 500

export async function retainedPage(
  tenant: Tenant,
  filter: string,
  { after = null, limit }: RetainedQuery,
  store: MessageStore,
): Promise<RetainedPage> {
  let total = 0
  let found: Message[] = []
  let more = false
  const keepFirst = (): void => {
    found.sort((a, b) => (a.topic < b.topic ? -1 : 1))
    more ||= found.length > limit
    found = found.slice(0, limit)
  }
  for await (const message of matching(tenant, filter)) {
    if (store.isExpired(message)) continue
    total += 1
    if (after !== null && message.topic <= after) continue
    found.push(message)
    if (found.length >= limit * 2 + perSlice) keepFirst()
  }
  keepFirst()
  return { messages: found, total, more }
}

/** Of those that are there now; what is published meanwhile stays. */
export async function removeRetained(tenant: Tenant, filter: string, store: MessageStore): Promise<number> {
  const end = store.nextSeq
  let removed = 0
  for await (const message of matching(tenant, filter)) {
    if (message.seq >= end) continue
    store.unretain(message)
    removed += 1
  }
  return removed
}

async function* matching(tenant: Tenant, filter: string): AsyncGenerator<Message> {
  if (!hasWildcard(filter)) {
    const message = tenant.retained.get(filter)
    if (message !== undefined) yield message
    return
  }
  let looked = 0
  for (const message of tenant.retained.values()) {
    looked += 1
    if (looked % perSlice === 0) await setImmediate()
    // It may have been replaced while others had their turn.
    if (message.retained && matches(filter, message.topic)) yield message
  }
}
