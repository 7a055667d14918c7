/** For how many more sessions there is room. */
import { z } from 'zod'
import { isoTime } from '../../http/contract.ts'

export const roomView = z.object({
  places: z.number().int(),
  freePlaces: z.number().int(),
  /** Bytes that browsers may have in all: by the setting, or by what the machine or its container has left. */
  limitBytes: z.number(),
  /** Of the sessions that live, as measured. */
  usedBytes: z.number(),
  /** Without what is kept back. */
  freeBytes: z.number(),
  /** Kept back, by the setting. */
  reserveBytes: z.number(),
  /** What a session takes here. */
  averageBytes: z.number(),
  /** False before one has been measured: the average is a guess. */
  measured: z.boolean(),
  /** The smaller of free places, and free memory over the average. */
  roomFor: z.number().int(),
  fullBecause: z.enum(['places', 'memory']).nullable(),
  /** When a leased one may make room at the latest. */
  firstLeaseEndsAt: isoTime.nullable(),
})
export type RoomView = z.output<typeof roomView>

/** Whoever had to end for a session that was opened, and why. */
export const madeRoom = z.object({ id: z.string(), username: z.string(), because: z.enum(['places', 'memory']) })
