/**
 * `npm run bench -- webhooks`: 2,000 messages to three bots, a receiver that refuses half of what it is told, the server killed twice. No
 * speed, a promise: each event is taken at least once, and those of a chat in their order.
 */
import { proveWebhooks } from '../fakes/webhook-proof.ts'

const messages = 2_000
const begun = performance.now()
const seconds = (): string => ((performance.now() - begun) / 1_000).toFixed(1).padStart(6)
const { sent, told, twice, calls, refused, replayed, outOfOrder, kills } = await proveWebhooks(messages, {
  patience: 1_800_000,
  onStep: (what) => console.log(`${seconds()} s  ${what}`),
})
console.log(`messages sent to three bots       ${sent}, with ${kills} times kill -9`)
console.log(`calls of the receiver             ${calls}, of them ${refused} refused`)
console.log(`taken at least once               ${told}, goal ${sent}: ${told === sent ? 'met' : 'missed'}`)
console.log(`taken more than once              ${twice}`)
console.log(`dead letters delivered once more  ${replayed}`)
console.log(`out of the order of their chat    ${outOfOrder}, goal 0: ${outOfOrder === 0 ? 'met' : 'missed'}`)
if (told !== sent || outOfOrder > 0) process.exitCode = 1
