/** The tools for bots, beside an outbox that the test has in hand. */
import { expect, test } from 'vitest'
import type { Bot } from '../../../server/bots/bot/bot.ts'
import type { OutboxRow } from '../../../server/bots/messages/outbox-store.ts'
import { ownerStanding } from '../../../server/http/rights.ts'
import { botTools, type BotAccess } from '../../../server/tools/bots/index.ts'

test.each(['sent', 'delivered', 'read'] as const)('a message that is %s before anybody listens is told to be sent', async (reached) => {
  const queued: OutboxRow = {
    ...{ number: 1, messageId: 'one', chat: '15550100011@s.whatsapp.net', kind: 'text', fingerprint: '', problem: null },
    ...{ status: 'queued', createdAt: 0, sentAt: null, updatedAt: 0 },
  }
  const tools = botTools({
    // Whose it is, is all that is looked at.
    service: { list: () => [], get: () => ({ row: { userId: 'gate', madeBy: 'owner' } }) as Bot },
    ...({} as Pick<BotAccess, 'media' | 'composer' | 'api' | 'people'>), // nothing here asks them
    log: { read: () => ({ items: [], next: null }) },
    outbox: { add: () => queued, row: () => ({ ...queued, status: reached }), cappedUntil: () => null },
    messages: { subscribe: () => () => undefined },
  })
  const steps: [number, number][] = []
  const input = { userId: 'gate', to: '15550100011', text: 'Berth 7 is free', wait: 30 }
  await tools
    .find(({ name }) => name === 'bot_send')
    ?.run(input, {
      ...{ actor: 'relay:one', standing: ownerStanding, signal: new AbortController().signal, has: () => false },
      progress: async (done, total) => void steps.push([done, total]),
    })
  expect(steps).toEqual([
    [0, 2],
    [2, 2],
  ])
})
