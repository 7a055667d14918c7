/** Answers what the window and scripts ask beyond the published routes. */
import { iso } from '../../clock.ts'
import { LoginFault } from '../fault.ts'
import { actorOf, type Handlers } from '../../http/api.ts'
import type { LoginsApiParts } from './calls.ts'
import type { nativeRoutes } from '../contract/native.ts'
import type { LoginFilter, LoginKey, LoginUser, LoginView } from '../contract/native-views.ts'
import { evictionOrder } from '../decisions.ts'
import type { KeyView } from '../keys/usable-key.ts'
import { isLive, stateOf, type Session } from '../session.ts'
import type { SessionFilter } from '../store/session-store.ts'
import type { StoredLoginUser } from '../users/users-store.ts'

const spans = { '1h': { step: 60_000, count: 60 }, '24h': { step: 900_000, count: 96 }, '7d': { step: 7_200_000, count: 84 } } as const

export function createNativeHandlers({
  sessions,
  users,
  keys,
  store,
  revocations,
  inspect,
  policy,
  clock,
  nextCleanupAt,
}: LoginsApiParts): Handlers<typeof nativeRoutes> {
  const moment = () => ({ now: clock.now(), idleTimeout: policy().idleTimeout })

  function view(session: Session, nextEvicted = false): LoginView {
    const rules = policy()
    const now = clock.now()
    const state = stateOf(session, now, rules.idleTimeout)
    const expiring = session.expiresAt - now <= rules.threshold(session.rememberMe)
    return {
      id: session.id,
      userId: session.userId,
      username: session.username,
      role: session.roleName,
      permissions: [...session.permissions],
      rememberMe: session.rememberMe,
      state: state.live ? (expiring ? 'expiring' : 'active') : session.endedAt === null ? 'expired' : 'ended',
      reason: state.live ? null : state.reason,
      createdAt: iso(session.createdAt),
      lastActivity: iso(session.lastActivity),
      expiresAt: iso(session.expiresAt),
      absoluteEndsAt: iso(session.absoluteEndsAt),
      endedAt: state.live ? null : iso(state.at),
      renewals: session.renewals,
      address: session.address,
      device: session.device,
      reportedAddress: session.reportedAddress,
      reportedDevice: session.reportedDevice,
      nextEvicted,
    }
  }

  /** Whom one more login of this user would end; null while there is room, or where it would be denied. */
  function nextEvicted(ofUser: readonly Session[], role: string): string | null {
    const rules = policy()
    const limit = rules.limit(role)
    const live = ofUser.filter((session) => isLive(session, clock.now(), rules.idleTimeout))
    if (limit.whenFull === 'deny' || live.length < limit.maxConcurrent) return null
    return evictionOrder(live, limit)[0]?.id ?? null
  }

  async function revokeEach(ids: readonly string[], actor: string): Promise<number> {
    let revoked = 0
    for (const id of ids) {
      try {
        if ((await sessions.end(id, 'revoked', actor)).now) revoked += 1
      } catch (error) {
        // Removed meanwhile: what was asked for is so.
        if (!LoginFault.is(error, 'session-not-found')) throw error
      }
    }
    return revoked
  }

  return {
    async status() {
      const state = store.state()
      const rules = policy()
      // A store that is away is what this route is asked about: it says so instead of failing.
      const counts = state.up ? await store.counts(moment()) : { total: 0, live: 0, expired: 0, ended: 0, users: 0 }
      const limit = rules.limit('')
      return {
        status: 200,
        body: {
          storage: store.kind,
          up: state.up,
          error: state.up ? null : state.error,
          signing: keys.state(),
          lockedKeys: keys.locked().length,
          counts,
          gateways: revocations.count(),
          policy: {
            life: rules.life(false),
            rememberMeLife: rules.life(true),
            threshold: rules.threshold(false),
            rememberMeThreshold: rules.threshold(true),
            idleTimeout: rules.idleTimeout,
            absoluteLife: rules.absoluteLife(false),
            rememberMeAbsoluteLife: rules.absoluteLife(true),
            maxRenewals: rules.maxRenewals,
            ...limit,
            cleanupInterval: rules.cleanupInterval,
            keepEndedFor: rules.keepEndedFor,
          },
          nextCleanupAt: iso(nextCleanupAt()),
        },
      }
    },

    async logins({ query }) {
      const { sort, direction, offset, limit } = query
      const { sessions: found, total } = await sessions.page({
        filter: filterOf(query),
        sort,
        descending: direction === 'down',
        offset,
        limit,
      })
      return { status: 200, body: { sessions: found.map((session) => view(session)), total } }
    },

    async loginSession({ params: { id } }) {
      const session = await sessions.get(id)
      const ofUser = await sessions.ofUser(session.userId)
      const next = nextEvicted(ofUser, session.roleName)
      return {
        status: 200,
        body: {
          session: view(session, session.id === next),
          others: ofUser.filter((other) => other.id !== id).map((other) => view(other, other.id === next)),
          limit: policy().limit(session.roleName),
        },
      }
    },

    async endLogin({ params: { id } }, call) {
      await sessions.end(id, 'revoked', actorOf(call.caller))
      return { status: 204, body: null }
    },

    async endUserLogins({ body }, call) {
      const { ended } = await sessions.endAll(body.userId, body.except, actorOf(call.caller))
      return { status: 200, body: { revoked: ended.length } }
    },

    async endLogins({ body }, call) {
      if ('ids' in body) {
        const ids = [...new Set(body.ids)]
        return { status: 200, body: { matched: ids.length, revoked: body.preview ? 0 : await revokeEach(ids, actorOf(call.caller)) } }
      }
      const filter = { ...filterOf(body.filter), state: 'live' as const }
      const { total } = await sessions.page({ filter, sort: 'createdAt', descending: false, offset: 0, limit: 1 })
      return { status: 200, body: { matched: total, revoked: body.preview ? 0 : await sessions.endMatching(filter, actorOf(call.caller)) } }
    },

    async inspectToken({ body }) {
      const { session, ...found } = await inspect(body.token.trim())
      return { status: 200, body: { ...found, session: session === null ? null : view(session) } }
    },

    async loginSeries({ query }) {
      const { step, count } = spans[query.span]
      const from = Math.floor(clock.now() / step) * step - (count - 1) * step
      const { created, ended } = await store.series(from, step, count)
      return { status: 200, body: { times: created.map((_, index) => (from + index * step) / 1_000), created, ended } }
    },

    loginKeys: () => ({ status: 200, body: { keys: keys.list().map(keyView) } }),

    async rotateKey({ body }, call) {
      // The longest any token signed until now can live.
      const rules = policy()
      const key = await keys.rotate(
        body.algorithm,
        clock.now() + Math.max(rules.absoluteLife(false), rules.absoluteLife(true)),
        actorOf(call.caller),
      )
      return { status: 201, body: keyView(key) }
    },

    async giveUpKeys(_, call) {
      return { status: 200, body: { keys: await sessions.giveUpKeys(actorOf(call.caller)) } }
    },

    async removeKey({ params }, call) {
      await keys.remove(params.id, actorOf(call.caller))
      return { status: 204, body: null }
    },

    async loginUsers() {
      return { status: 200, body: { users: (await users.list()).map(userView) } }
    },

    async createLoginUser({ body }, call) {
      return { status: 201, body: userView(await users.create(body, actorOf(call.caller))) }
    },

    async changeLoginUser({ params, body }, call) {
      return { status: 200, body: userView(await users.change(params.id, body, actorOf(call.caller))) }
    },

    async removeLoginUser({ params }, call) {
      await users.remove(params.id, actorOf(call.caller))
      return { status: 204, body: null }
    },
  }
}

function filterOf({ text, userId, role, state, createdAfter }: LoginFilter): SessionFilter {
  return {
    text: text === '' ? undefined : text,
    userId,
    role,
    state,
    createdAfter: createdAfter === undefined ? undefined : Date.parse(createdAfter),
  }
}

function keyView({ id, algorithm, createdAt, verifyUntil, signs }: KeyView): LoginKey {
  return { id, algorithm, createdAt: iso(createdAt), verifyUntil: verifyUntil === null ? null : iso(verifyUntil), signs }
}

function userView({ id, username, fullName, roleName, permissions, active, createdAt, lastLoginAt }: StoredLoginUser): LoginUser {
  return {
    id,
    username,
    fullName,
    role: roleName,
    permissions,
    active,
    createdAt: iso(createdAt),
    lastLoginAt: lastLoginAt === null ? null : iso(lastLoginAt),
  }
}
