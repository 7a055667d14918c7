/** What a key opens, as its row keeps it too. */
import { z } from 'zod'
import { apiNames, type ApiName } from '../../http/contract.ts'
import { rights, roomsWithSubjects } from '../../http/rights.ts'

/** Rooms in which a key can be limited to some things. */
export const isLimitable = (room: ApiName): boolean => roomsWithSubjects.some((name) => name === room)
export const subject = z.string().min(1).max(100)

export const keyRight = z.enum(rights)
export const keyOnly = z.partialRecord(z.enum(roomsWithSubjects), z.array(subject).min(1).max(100))

/** What a key of the older form has instead of rights. */
export const keyScope = z
  .object({
    room: z.enum(apiNames),
    verb: z.enum(['read', 'write']),
    /** Only this one; the whole room when left out. */ subject: subject.optional(),
  })
  .refine((scope) => scope.subject === undefined || isLimitable(scope.room), 'Keys of this room open all of it')
export type KeyScope = z.output<typeof keyScope>
