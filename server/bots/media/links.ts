/**
 * Addresses that give the file of one message without a key, for receivers of webhooks. What the address says is sealed: nobody else can
 * make one, and it names neither chat nor message. It ends after a day, and with its webhook, its message and its bot.
 */
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import type { Sealer } from '../../secrets/sealer.ts'

export interface LinkedMessage {
  userId: string
  chat: string
  messageId: string
  /** For whom it was made. */
  webhook: string
}

const sealedPart = z.object({ userId: z.string(), chat: z.string(), messageId: z.string(), webhook: z.string(), endsAt: z.number() })
const life = 24 * 3_600_000
const place = 'bots:media-link'

export type MediaLinks = ReturnType<typeof createMediaLinks>

export function createMediaLinks(sealer: Sealer, clock: Pick<Clock, 'now'>) {
  return {
    make(message: LinkedMessage): { link: string; endsAt: number } {
      const endsAt = clock.now() + life
      return { link: sealer.seal(JSON.stringify({ ...message, endsAt }), place).toString('base64url'), endsAt }
    },
    /** Null for what was not made here, and for what has ended. */
    open(link: string): LinkedMessage | null {
      try {
        const { endsAt, ...message } = sealedPart.parse(JSON.parse(sealer.open(Buffer.from(link, 'base64url'), place).toString()))
        return endsAt > clock.now() ? message : null
      } catch {
        return null
      }
    },
  }
}
