/** Close codes of the WebSocket; those of 4000 and above are ours and documented. */
import type { EndReason } from '../../engine/types.ts'

export const closeCodes = {
  'login-deadline': { code: 4401, text: 'No login in time' },
  suspended: { code: 4403, text: 'Session is suspended' },
  kicked: { code: 4404, text: 'Disconnected by the owner' },
  revoked: { code: 4406, text: 'Access was revoked' },
  'taken-over': { code: 4409, text: 'Another client took over this name' },
  dropped: { code: 4410, text: 'Session was dropped' },
  'too-many-attempts': { code: 4429, text: 'Too many attempts' },
  'too-many-clients': { code: 4503, text: 'Session has too many clients' },
  'too-many-kept': { code: 4503, text: 'Session keeps too many clients' },
  'slow-reader': { code: 1013, text: 'Too slow: messages were not taken' },
  'protocol-error': { code: 1002, text: 'Protocol error' },
  fault: { code: 1011, text: 'Internal error' },
  shutdown: { code: 1001, text: 'Server is stopping' },
  /** The client said goodbye. */
  done: { code: 1000, text: '' },
} as const satisfies Readonly<Record<EndReason, { code: number; text: string }>> & Readonly<Record<string, { code: number; text: string }>>

export type CloseReason = keyof typeof closeCodes
