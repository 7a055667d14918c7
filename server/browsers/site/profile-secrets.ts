/** The secrets of site profiles: sealed at rest, filled in by steps, returned by no read. */
import type { Clock } from '../../clock.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import { BrowserFault } from '../fault.ts'
import type { Values } from '../steps/fill-in.ts'
import type { ProfileRows } from './profiles-store.ts'

type Totp = NonNullable<SiteProfile['totp']>

/** No field can be called so: it stands for the codes themselves. */
const totpName = 'totp'

export interface ProfileSecrets {
  /** As a read returns it: whether there is a secret, and never which. */
  shown(profile: SiteProfile): SiteProfile
  /** All that the profile has from now on: what it brings, and what it keeps of the stored ones (`set`). */
  seal(profile: SiteProfile): Map<string, Buffer>
  /** Throws `profile-invalid`. */
  check(profile: SiteProfile): Promise<void>
  valuesOf(profile: SiteProfile): Promise<() => Values>
}

export function createProfileSecrets(rows: ProfileRows, sealer: Sealer, clock: Pick<Clock, 'now'>): ProfileSecrets {
  const place = (profile: string, name: string): string => `browsers:profile:${profile}:${name}`
  const opened = (profile: string, name: string): string | undefined => {
    const sealed = rows.secrets(profile).get(name)
    return sealed === undefined ? undefined : sealer.open(sealed, place(profile, name)).toString('utf8')
  }
  return {
    shown(profile) {
      const names = rows.secrets(profile.name)
      const bare = withoutSecretValues(profile)
      const fields = Object.entries(bare.fields).map(([name, field]) => [name, field.secret ? { ...field, set: names.has(name) } : field])
      return {
        ...bare,
        fields: Object.fromEntries(fields) as SiteProfile['fields'],
        totp: bare.totp === null ? null : { ...bare.totp, set: names.has(totpName) },
      }
    },
    seal({ name, fields, totp }) {
      const before = rows.secrets(name)
      const wanted = Object.entries(fields).flatMap(([field, { secret, value, set }]) => (secret ? [{ field, value, set }] : []))
      if (totp !== null) wanted.push({ field: totpName, value: totp.secret, set: totp.set })
      const after = new Map<string, Buffer>()
      for (const { field, value, set } of wanted) {
        const kept = set === true ? before.get(field) : undefined
        if (value !== undefined) after.set(field, sealer.seal(value, place(name, field)))
        else if (kept !== undefined) after.set(field, kept)
      }
      return after
    },
    async check({ totp }) {
      if (totp?.secret !== undefined) await codesOf(totp, totp.secret)
    },
    async valuesOf(profile) {
      const fields = Object.entries(profile.fields).flatMap(([name, { value, secret }]) => {
        const known = value ?? (secret ? opened(profile.name, name) : undefined)
        return known === undefined ? [] : [[name, known]]
      })
      const values = Object.fromEntries(fields) as Values
      const secret = profile.totp === null ? undefined : (profile.totp.secret ?? opened(profile.name, totpName))
      if (profile.totp === null || secret === undefined) return () => values
      const codes = await codesOf(profile.totp, secret)
      return () => ({ ...values, totp: codes.generate({ timestamp: clock.now() }) })
    },
  }
}

/** Late: who has no such secret does not pay for it. */
async function codesOf({ algorithm, digits, period }: Totp, secret: string): Promise<{ generate(at: { timestamp: number }): string }> {
  const { Secret, TOTP, URI } = await import('otpauth')
  try {
    if (/^otpauth:/i.test(secret.trim())) {
      const named = URI.parse(secret.trim())
      if (named instanceof TOTP) return named
      throw new Error('it counts logins instead of the time')
    }
    return new TOTP({ secret: Secret.fromBase32(secret.replace(/[\s-]/g, '').toUpperCase()), algorithm, digits, period })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    // The words of the library may quote what it was given.
    const said = why.includes(secret) ? 'it is none' : why
    throw new BrowserFault('profile-invalid', `totp.secret makes no one-time codes: ${said}`, { field: 'totp.secret' })
  }
}

/** What may be stored in the open, and shown. */
export function withoutSecretValues(profile: SiteProfile): SiteProfile {
  const fields = Object.entries(profile.fields).map(([name, { value, secret, set }]) => [
    name,
    secret
      ? { secret, ...(value === undefined && set === undefined ? {} : { set: value !== undefined || set === true }) }
      : { value, secret },
  ])
  if (profile.totp === null) return { ...profile, fields: Object.fromEntries(fields) as SiteProfile['fields'] }
  const { secret, set, ...totp } = profile.totp
  return {
    ...profile,
    fields: Object.fromEntries(fields) as SiteProfile['fields'],
    totp: { ...totp, set: secret !== undefined || set === true },
  }
}

/** Where nothing can be sealed, no secret is taken. */
const refused = (): never => {
  throw new BrowserFault('profile-invalid', 'No secret can be sealed here')
}
export const noSealer: Sealer = { seal: refused, open: refused }
