/** The same with 2,000 messages: `npm run bench -- webhooks`. */
import { expect, test } from 'vitest'
import { proveWebhooks } from '../../fakes/webhook-proof.ts'

test('of what people write to three bots nothing is lost to a receiver that refuses half of it, over two kills, each chat in order', async () => {
  const proof = await proveWebhooks(36)
  expect(proof).toMatchObject({ sent: 36, told: 36, outOfOrder: 0, kills: 2 })
  expect(proof.refused).toBeGreaterThan(18)
})
