/** What happens to named clients while a password is hashed or checked, which takes its time. */
import { describe, expect, it } from 'vitest'
import { NamedClients, type NamedClientsGiven } from '../../../../server/brokers/access/named-clients.ts'
import type { NamedClientStore, StoredNamedClient } from '../../../../server/brokers/access/store.ts'
import { Authentication } from '../../../../server/brokers/authentication.ts'

const session = { id: 1, name: 'orders', passwordHash: 'hash of the session’s' }

function open() {
  const stored = new Map<number, StoredNamedClient>()
  const store: NamedClientStore = {
    all: () => [],
    add(client) {
      // As SQLite gives them: an id that became free is given again.
      const added = { ...client, id: Math.max(0, ...stored.keys()) + 1, lastSeenAt: null }
      stored.set(added.id, added)
      return added
    },
    setRules: () => undefined,
    setSecret: () => undefined,
    setSeen() {
      throw Object.assign(new Error('no room'), { code: 'ENOSPC' })
    },
    remove: (id) => void stored.delete(id),
  }
  /** Checks wait here while it is set. */
  let gate: Promise<void> | null = null
  const passwords = {
    hash: async (password: string) => {
      await gate
      return `hash of ${password}`
    },
    check: async (password: string, hash: string) => {
      await gate
      return hash === `hash of ${password}`
    },
  }
  const authentication = new Authentication(passwords, () => 0)
  const given = {
    ...{ store, authentication, clock: { now: () => 0 }, events: { emit: () => undefined } },
    ...{ connections: () => [], hasSession: () => false },
    engine: () => ({ clients: async () => [] }),
  }
  // Of the clock, the events and the engine only that much is used here.
  const named = new NamedClients(given as unknown as NamedClientsGiven)
  const hold = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    gate = promise
    return () => {
      gate = null
      resolve()
    }
  }
  return { named, authentication, stored, hold }
}

describe('the password of a named client', () => {
  it('opens nothing any more once it is replaced, though a login with it was being checked', async () => {
    const { named, authentication, hold } = open()
    const { client } = await named.add(session, { name: 'door', password: 'old-password' }, 'owner')
    const letGo = hold()
    const login = authentication.isOfClient(client, 'old-password', 'here')
    await named.replaceSecret(session, 'door', undefined, 'owner')
    letGo()
    await login
    const now = named.byName(session, 'door')
    expect(now).not.toBe(client)
    expect(await authentication.isOfClient(now, 'old-password', 'here')).toBe(false)
  })

  it('does not become that of a later client, though a login with it was being checked when it was revoked', async () => {
    const { named, authentication, hold } = open()
    const { client } = await named.add(session, { name: 'door', password: 'old-password' }, 'owner')
    const letGo = hold()
    const login = authentication.isOfClient(client, 'old-password', 'here')
    await named.revoke(session, 'door', 'owner')
    letGo()
    await login
    const { client: later } = await named.add(session, { name: 'gate', password: 'new-password' }, 'owner')
    expect(later.id).toBe(client.id)
    expect(await authentication.isOfClient(later, 'old-password', 'here')).toBe(false)
    expect(await authentication.isOfClient(later, 'new-password', 'here')).toBe(true)
  })

  it('is not said to be replaced where the client was revoked meanwhile', async () => {
    const { named, hold } = open()
    await named.add(session, { name: 'door' }, 'owner')
    const letGo = hold()
    const replaced = named.replaceSecret(session, 'door', 'new-password', 'owner')
    await named.revoke(session, 'door', 'owner')
    letGo()
    await expect(replaced).rejects.toMatchObject({ code: 'no-such-named-client' })
  })

  it('is not kept for a session that was dropped while it was hashed', async () => {
    const { named, stored, hold } = open()
    const letGo = hold()
    const added = named.add(session, { name: 'door', password: 'some-password' }, 'owner')
    named.forgetSession(session)
    letGo()
    await expect(added).rejects.toMatchObject({ code: 'no-such-session' })
    expect(stored.size).toBe(0)
  })
})

it('is seen though the disk has no room to note when', async () => {
  const { named } = open()
  const { client } = await named.add(session, { name: 'door' }, 'owner')
  expect(() => named.seen(client)).not.toThrow()
})
