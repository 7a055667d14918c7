/** Addresses that let a program in: each has a secret of its own, opens one session, and is good for a short while. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Standing } from '../../http/rights.ts'
import { hashSecret } from '../../secrets/hash.ts'
import { BrowserFault } from '../fault.ts'

/** Whom an address was given to. */
export interface Holder {
  sessionId: string
  /** As the program wants to be called; null for the name of its library. */
  name: string | null
  /** What the caller may do, asked again with each connection. */
  standing: Standing
  /** The key it called with; null when it needed none. */
  keyId: string | null
}

interface Grant extends Holder {
  /** On the monotonic clock. */
  deadline: number
  /** Connections that were made with it and are open. */
  open: number
}

/** Addresses of one session that may be good at a time; beyond that the oldest is worth nothing any more. */
const mostPerSession = 100

export class Grants {
  readonly #clock: Clock
  /** By the hash of the secret: what lies in memory lets nobody in. */
  readonly #grants = new Map<string, Grant>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `duration` in ms. Returns the secret. */
  issue(holder: Holder, duration: number): string {
    this.#forgetOld(holder.sessionId)
    const token = randomBytes(32).toString('base64url')
    this.#grants.set(nameOf(token), { ...holder, deadline: this.#clock.monotonic() + duration, open: 0 })
    return token
  }

  /** Throws `address-expired`, also when whoever asked for the address may not use the session any more. */
  check(token: string): Holder {
    return this.#grant(token)
  }

  /** A connection that was made with it: as long as that lasts the address is good. Returns what is to be called at its end. */
  use(token: string): () => void {
    const grant = this.#grant(token)
    grant.open += 1
    return () => {
      grant.open -= 1
    }
  }

  #grant(token: string): Grant {
    const grant = this.#grants.get(nameOf(token))
    if (grant === undefined || !this.#isGood(grant) || !grant.standing.may('browsers:use', grant.sessionId))
      throw new BrowserFault('address-expired', 'This address is not good any more')
    return grant
  }

  #isGood({ deadline, open }: Grant): boolean {
    return open > 0 || deadline > this.#clock.monotonic()
  }

  #forgetOld(sessionId: string): void {
    for (const [name, grant] of this.#grants) if (!this.#isGood(grant)) this.#grants.delete(name)
    const [oldest, ...others] = [...this.#grants].filter(([, grant]) => grant.sessionId === sessionId && grant.open === 0)
    if (oldest !== undefined && others.length + 1 >= mostPerSession) this.#grants.delete(oldest[0])
  }
}

const nameOf = (token: string): string => hashSecret(token).toString('base64url')
