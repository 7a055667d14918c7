/** What the things of this room that go on by themselves belong to, so that an error in one ends that one. */
import type { Scope } from '../../isolation.ts'

/**
 * A browser belongs to whoever waits for it: to the spare at first, then to the session that takes it. Its callbacks stay where they began.
 */
export interface MovableScope extends Scope {
  moveTo(next: Scope): void
}

/**
 * That a page had closed when it was asked something, and nobody waits for the answer, says nothing about the browser: a window that closes
 * itself after a sign-on is no reason to end the session that has just signed in.
 */
export function browserScope(id: string, escaped: Scope['escaped']): Scope {
  return {
    room: 'browsers',
    kind: 'browser',
    id,
    // Puppeteer keeps the class internal.
    escaped: (error, reason) => (error.name === 'TargetCloseError' ? undefined : escaped(error, reason)),
  }
}

export function movableScope(first: Scope): MovableScope {
  let owner = first
  return {
    room: 'browsers',
    kind: 'browser',
    get id() {
      return owner.id
    },
    escaped: (error, reason) => owner.escaped(error, reason),
    moveTo(next) {
      owner = next
    },
  }
}
