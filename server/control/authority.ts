/** Who a caller is: the owner by this run's token, a named key, or a browser that signed in with either. */
import type { Authority, Credential } from '../http/guards.ts'
import { hashSecret, sameSecret } from '../secrets/hash.ts'
import { opens, type Keys, type KnownKey } from './keys.ts'
import type { SignIn } from './sign-in.ts'

export interface AuthorityOptions {
  /** The token of this run; only its hash is kept. */
  ownerToken: string
  keys: Pick<Keys, 'find' | 'findById' | 'checkById'>
  signIn: Pick<SignIn, 'whoIs'>
}

export function createAuthority({ ownerToken, keys, signIn }: AuthorityOptions): Authority {
  const ownerHash = hashSecret(ownerToken)
  const keyCredential = (key: KnownKey): Credential => ({
    caller: { kind: 'key', id: key.id, name: key.name },
    may: (room, verb, subject) => key.scopes.some((scope) => opens(scope, room, verb, subject)),
    used: (room, verb, address, subject) => void keys.checkById(key.id, room, verb, address, subject),
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

const owner: Credential = { caller: { kind: 'owner' }, may: () => true, used: () => undefined }
