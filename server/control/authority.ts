/** Who a caller is: the owner by this run's token, a named key, or a browser that signed in with either. */
import type { Authority, Credential } from '../http/guards.ts'
import { hashSecret, sameSecret } from '../secrets/hash.ts'
import { ownerStanding, type Standing } from '../http/rights.ts'
import { opens, standingOfKey } from './key-rights.ts'
import type { Keys, KnownKey } from './keys.ts'
import type { SignIn } from './sign-in.ts'

export interface AuthorityOptions {
  /** The token of this run; only its hash is kept. */
  ownerToken: string
  keys: Pick<Keys, 'find' | 'findById' | 'used'>
  signIn: Pick<SignIn, 'whoIs'>
}

export function createAuthority({ ownerToken, keys, signIn }: AuthorityOptions): Authority {
  const ownerHash = hashSecret(ownerToken)
  const keyCredential = (key: KnownKey): Credential => ({
    caller: { kind: 'key', id: key.id, name: key.name },
    standing: standingOfKey(key.id, () => keys.findById(key.id)),
    may: (demand) => opens(key, demand),
    used: (address) => keys.used(key.id, address),
  })
  return {
    byKey(secret) {
      if (sameSecret(hashSecret(secret), ownerHash)) return owner
      const key = keys.find(secret)
      return key === null ? null : keyCredential(key)
    },
    byCookie(cookie) {
      const who = signIn.whoIs(cookie)
      if (who === null) return null
      if (who.kind === 'owner') return owner
      const key = keys.findById(who.id)
      return key === null ? null : keyCredential(key)
    },
  }
}

const owner: Credential = { caller: { kind: 'owner' }, standing: ownerStanding, may: () => true, used: () => undefined }

/** What the one who made a thing may do now; null for callers without a key, who may do nothing beside what they call. */
export function standingOfMaker(maker: string | null, keys: Pick<Keys, 'findById'>): Standing | null {
  if (maker === 'owner') return ownerStanding
  const id = maker?.startsWith('key:') === true ? maker.slice('key:'.length) : null
  return id === null || keys.findById(id) === null ? null : standingOfKey(id, () => keys.findById(id))
}
