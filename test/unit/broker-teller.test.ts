import { expect, it } from 'vitest'
import { BotFault } from '../../server/bots/fault.ts'
import type { BotsRoom } from '../../server/bots/index.ts'
import { createBrokerTeller } from '../../server/broker-teller.ts'
import { ownerStanding, type Standing } from '../../server/http/rights.ts'

const text = { bot: 'gate', chat: '15550100011', text: 'Open', id: 'rule_1:a' }

function bots(add: (bot: unknown, message: object) => unknown = () => null) {
  const bot = { row: { userId: 'gate', madeBy: 'key:1' } }
  const service = {
    find: (userId: string) => (userId === 'gate' ? bot : undefined),
    get(userId: string) {
      if (userId !== 'gate') throw new BotFault('bot-not-found', 'Session not found')
      return bot
    },
  }
  // What the teller asks of the room.
  return { service, outbox: { add } } as unknown as Pick<BotsRoom, 'service' | 'outbox'>
}

it('a text goes into the queue of the bot under a key of its own, once', () => {
  const added: object[] = []
  const teller = createBrokerTeller(bots((_bot, message) => added.push(message)))
  expect(teller.tell(text)).toBeNull()
  expect(added).toEqual([
    { chat: '15550100011@s.whatsapp.net', content: { type: 'text', text: 'Open' }, replyTo: null, idempotencyKey: 'broker:rule_1:a' },
  ])
  const again = createBrokerTeller(
    bots(() => {
      throw new BotFault('idempotency-mismatch', 'This Idempotency-Key was used for another message')
    }),
  )
  expect(again.tell(text)).toBeNull()
})

it('a full queue is waited for, and a bot that is gone is not', () => {
  const full = createBrokerTeller(
    bots(() => {
      throw new BotFault('queue-full', '10000 messages wait already')
    }),
  )
  expect(full.tell(text)).toEqual({ problem: 'gate: 10000 messages wait already', isLasting: false })
  expect(createBrokerTeller(bots()).tell({ ...text, bot: 'yard' })).toEqual({ problem: 'yard: Session not found', isLasting: true })
})

it('whoever may use the bot may have a rule send through it, and nobody else', () => {
  const teller = createBrokerTeller(bots())
  const own: Standing = { maker: 'key:1', may: (right) => right === 'bots:use', reaches: (_room, { makers }) => makers.includes('key:1') }
  const other: Standing = { ...own, reaches: () => false }
  expect([ownerStanding, own, other].map((by) => teller.allows(by, 'gate'))).toEqual([true, true, false])
  expect(teller.allows({ ...own, may: (right) => right === 'brokers:use' }, 'gate')).toBe(false)
  expect(teller.allows(ownerStanding, 'yard')).toBe(false)
})
