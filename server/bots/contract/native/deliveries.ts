/** What a webhook was told, as it can be looked at. */
import { z } from 'zod'
import { isoTime } from '../../../http/contract.ts'

export const deliveryView = z.object({
  /** Its place in the list. */ number: z.number().int(),
  /** The `webhook-id` of its calls. */ id: z.string(),
  type: z.string(),
  /** What it is about; null for what is about no chat. */ chat: z.string().nullable(),
  state: z.enum(['waiting', 'delivered', 'dead']),
  /** It goes or went out once more because somebody asked for it. */ replay: z.boolean(),
  attempts: z.number().int(),
  /** Why the last try failed. */ problem: z.string().nullable(),
  /** Of the last try; null when nothing was answered, and before the first. */
  status: z.number().int().nullable(),
  ms: z.number().int().nullable(),
  createdAt: isoTime,
  deliveredAt: isoTime.nullable(),
  /** When one that waits is tried next, at the earliest. */ nextAt: isoTime.nullable(),
})
export type DeliveryView = z.output<typeof deliveryView>

export const deliveryFullView = deliveryView.extend({
  /** As it is sent; null when it was sealed under a key that is not here. */ body: z.string().nullable(),
  /** In their order, the last forty. */
  tries: z.array(
    z.object({
      at: isoTime,
      ms: z.number().int(),
      status: z.number().int().nullable(),
      problem: z.string().nullable(),
      /** What was sent along, without what is worth something; null when no key opens it. */
      headers: z.record(z.string(), z.string()).nullable(),
      /** The first 2 KiB. */ answer: z.string().nullable(),
    }),
  ),
})
export type DeliveryFullView = z.output<typeof deliveryFullView>
