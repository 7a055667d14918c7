/** Names: the ids of sessions, and the keys by which two requests are known to mean the same session. */
import { createHmac, randomBytes, randomInt } from 'node:crypto'

/** Begins like the document's ids; the 128 random bits behind make it unguessable. `now` in ms since the epoch. */
export function newSessionId(now: number): string {
  const digits = Array.from({ length: 10 }, () => randomInt(10)).join('')
  return `session_${Math.floor(now / 1_000)}_${digits}-${randomBytes(16).toString('base64url')}`
}

/** Keyed by a secret of this run, so that a credential key says nothing about the password it was made from. */
export function createCredentialKeys(secret: Uint8Array = randomBytes(32)): (parts: readonly string[]) => string {
  return (parts) => createHmac('sha256', secret).update(JSON.stringify(parts)).digest('base64url')
}
