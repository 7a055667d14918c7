/** The rules of time and number a session lives under: the contract's variables, else the settings. All times in ms. */
import type { ContractVariables } from '../config/options.ts'
import type { Settings } from '../config/settings.ts'

export type WhenFull = Settings['logins']['whenFull']

export interface RoleLimit {
  maxConcurrent: number
  whenFull: WhenFull
}

export interface Policy {
  /** Life of a session until it is renewed. */
  life(rememberMe: boolean): number
  /** How long before its end a session is renewed. */
  threshold(rememberMe: boolean): number
  /** Longest life however often renewed; never shorter than one life. */
  absoluteLife(rememberMe: boolean): number
  limit(role: string): RoleLimit
  idleTimeout: number | null
  maxRenewals: number | null
  cleanupInterval: number
  keepEndedFor: number
  adminRoles: readonly string[]
}

/** The variables this room reads; all null where none is given. */
export type LoginVariables = Pick<
  ContractVariables,
  | 'sessionDefaultExpiration'
  | 'sessionRememberMeExpiration'
  | 'jwtRefreshThreshold'
  | 'sessionCleanupInterval'
  | 'sessionMaxConcurrent'
  | 'sessionStorageType'
  | 'redisUrl'
>

export function policyOf(settings: Settings['logins'], variables?: LoginVariables): Policy {
  const ordinary = variables?.sessionDefaultExpiration ?? settings.expiration * 1_000
  const remembered = variables?.sessionRememberMeExpiration ?? settings.rememberMeExpiration * 1_000
  const threshold = variables?.jwtRefreshThreshold ?? settings.refreshThreshold * 1_000
  const maxConcurrent = variables?.sessionMaxConcurrent ?? settings.maxConcurrent
  // Whole milliseconds: what is stored is a moment in ms, and a Go duration may say 1.5ms.
  const life = (rememberMe: boolean): number => Math.max(1, Math.round(rememberMe ? remembered : ordinary))
  return {
    life,
    // The same share of a remembered life: with five minutes of seven days, nobody who comes once a day would ever be renewed.
    threshold: (rememberMe) =>
      Math.min(life(rememberMe), rememberMe ? Math.max(threshold, (threshold / ordinary) * remembered) : threshold),
    absoluteLife: (rememberMe) =>
      Math.max(life(rememberMe), Math.round((rememberMe ? settings.rememberMeAbsoluteLimit : settings.absoluteLimit) * 1_000)),
    limit: (role) => {
      const own = Object.hasOwn(settings.roles, role) ? settings.roles[role] : undefined
      return { maxConcurrent: own?.maxConcurrent ?? maxConcurrent, whenFull: own?.whenFull ?? settings.whenFull }
    },
    idleTimeout: settings.idleTimeout === null ? null : settings.idleTimeout * 1_000,
    maxRenewals: settings.maxRenewals,
    cleanupInterval: variables?.sessionCleanupInterval ?? settings.cleanupInterval * 1_000,
    keepEndedFor: settings.keepEndedFor * 1_000,
    adminRoles: settings.adminRoles,
  }
}
