/** Answers the control API: each handler is one call of the part of the house that knows. */
import { iso, type Clock } from '../clock.ts'
import type { SettingsStore } from '../config/settings-store.ts'
import type { ProfileStore } from '../browsers/site/profiles.ts'
import type { EventBus } from '../events/bus.ts'
import { createAnnouncer } from '../events/event-types.ts'
import type { EventStream } from '../events/stream.ts'
import { ControlFault } from './fault.ts'
import { actorOf, implement, type Api } from '../http/api.ts'
import type { ApiHost } from '../http/api-host.ts'
import type { RoomName } from '../http/contract.ts'
import { cookieOf, sessionCookie } from '../http/guards.ts'
import { longestControl, type Right } from '../http/rights.ts'
import type { UpstreamAdmin } from '../relay/upstreams/admin.ts'
import type { Room } from '../room.ts'
import { version } from '../version.ts'
import type { ApiAdmin } from './apis.ts'
import { changeApis } from './apis.ts'
import type { Attention } from './attention.ts'
import { controlContract, eventsQuery, type KeyScope, type SettingsView } from './contract/index.ts'
import { controlEvents } from './events.ts'
import { rightsOf } from './key-rights.ts'
import type { KnownKey, Keys, NewKey } from './keys.ts'
import type { Lockers } from './lockers.ts'
import { overviewOf } from './overview.ts'
import type { PracticeSites } from './practice-site.ts'
import type { Rates } from './rates.ts'
import { signInMaxAge, signInUrl, type SignIn } from './sign-in.ts'
import type { CreditLedger } from '../relay/billing/credit-ledger.ts'
import type { Users } from './users.ts'

/** The parts of the house that the control API speaks for. */
export interface ControlParts {
  clock: Clock
  settings: SettingsStore
  bus: EventBus
  stream: EventStream
  keys: Keys
  users: Users
  signIn: SignIn
  profiles: ProfileStore
  practice: PracticeSites
  upstreams: Pick<UpstreamAdmin, 'list' | 'create' | 'reveal' | 'change' | 'remove'>
  /** Credits that calls hold. */
  ledger: Pick<CreditLedger, 'heldBy'>
  rooms: readonly Room[]
  lockers: Lockers
  /** Throws `room-down`. */
  restartRoom(name: RoomName): Promise<void>
  rates: Rates
  /** The host serves the control API too and so is made after it; it and what stands on it are asked for at the call. */
  host(): ApiHost
  apiAdmin(): ApiAdmin
  attention(): Attention
  startedAt: number
}

export function createControlApi(parts: ControlParts): Api {
  const { clock, settings, bus, stream, keys, users, signIn, profiles, upstreams, lockers } = parts
  const announcer = createAnnouncer(bus, 'control', controlEvents)
  return implement(
    controlContract,
    {
      health: () => ({ status: 200, body: { status: 'ok', version, uptime: Math.round((clock.monotonic() - parts.startedAt) / 1_000) } }),
      apis: async () => ({ status: 200, body: { apis: await parts.apiAdmin().list() } }),
      startApi: async ({ params }, { caller }) => ({ status: 200, body: await parts.apiAdmin().start(params.name, actorOf(caller)) }),
      stopApi: async ({ params }, { caller }) => ({ status: 200, body: await parts.apiAdmin().stop(params.name, actorOf(caller)) }),
      changeApi: async ({ params, body }, { caller }) => ({
        status: 200,
        body: await parts.apiAdmin().change(params.name, body, actorOf(caller)),
      }),
      overview: ({ query }) => ({ status: 200, body: overviewOf(parts, query.span) }),

      restartRoom: async ({ params }) => {
        await parts.restartRoom(params.name)
        return { status: 204, body: null }
      },
      sealing: () => ({ status: 200, body: lockers.view() }),
      retrySealing: async (_, { caller }) => ({ status: 200, body: await lockers.retry(actorOf(caller)) }),
      giveUpLocked: async ({ body }, { caller }) => ({ status: 200, body: await lockers.giveUp(body.room, actorOf(caller)) }),

      settings: () => ({ status: 200, body: settingsView(settings) }),
      changeSettings: async ({ body }, { caller }) => {
        await changeApis(parts.host(), settings, body)
        announcer.emit({
          type: 'settings-changed',
          subject: Object.keys(body).join(', '),
          actor: actorOf(caller),
        })
        return { status: 200, body: settingsView(settings) }
      },

      keys: () => ({ status: 200, body: { keys: keys.list() } }),
      createKey: ({ body: { scopes, ...key } }, { caller }) => ({
        status: 201,
        body: keys.create(
          withEnd({ ...key, ...(scopes === undefined ? {} : { only: {}, ...rightsOf(scopes) }) }, clock.now()),
          actorOf(caller),
        ),
      }),
      narrowKey: ({ params, body }, { caller }) => ({ status: 200, body: keys.narrow(params.id, body.rights, body.only, actorOf(caller)) }),
      revokeKey: ({ params }, { caller }) => {
        keys.revoke(params.id, actorOf(caller))
        return { status: 204, body: null }
      },

      users: () => ({ status: 200, body: { users: users.list() } }),
      createUser: ({ body }, { caller }) => ({ status: 201, body: users.create(body, actorOf(caller)) }),
      changeUser: ({ params, body }, { caller }) => ({ status: 200, body: users.change(params.id, body, actorOf(caller)) }),
      changeCredits: ({ params, body }, { caller }) => ({
        status: 200,
        body: users.changeCredits(params.id, body, actorOf(caller), (id) => parts.ledger.heldBy(id)),
      }),
      creditHistory: ({ params, query }) => ({
        status: 200,
        body: { changes: users.creditHistory(params.id, query.before, query.limit) },
      }),
      removeUser: ({ params }, { caller }) => {
        users.remove(params.id, actorOf(caller))
        return { status: 204, body: null }
      },

      upstreams: () => ({ status: 200, body: { upstreams: upstreams.list() } }),
      createUpstream: ({ body }, { caller }) => ({ status: 201, body: upstreams.create(body, actorOf(caller)) }),
      changeUpstream: async ({ params, body }, { caller }) => ({
        status: 200,
        body: await upstreams.change(params.id, body, actorOf(caller)),
      }),
      revealUpstream: ({ params }, { caller }) => ({
        status: 200,
        body: upstreams.reveal(params.id, actorOf(caller)),
        headers: { 'cache-control': 'no-store' },
      }),
      removeUpstream: async ({ params }, { caller }) => {
        await upstreams.remove(params.id, actorOf(caller))
        return { status: 204, body: null }
      },

      siteProfiles: () => ({ status: 200, body: { profiles: profiles.list() } }),
      siteProfile: ({ params }) => {
        const profile = profiles.get(params.name)
        if (profile === undefined) throw new ControlFault('profile-not-found', `There is no site profile ${params.name}`)
        return { status: 200, body: profile }
      },
      putSiteProfile: async ({ params, body }, { caller }) => ({
        status: 200,
        body: await profiles.put(params.name, body, actorOf(caller)),
      }),
      removeSiteProfile: ({ params }, { caller }) => {
        profiles.remove(params.name, actorOf(caller))
        return { status: 204, body: null }
      },

      audit: async ({ query }) => ({ status: 200, body: await bus.query(query) }),

      whoAmI: (_, { caller, node }) => {
        // The sign-in lives on while it is used; the browser has to be told, or it drops the cookie at its first end.
        const cookie = cookieOf(node.request)
        const renewed =
          cookie === null || signIn.whoIs(cookie) === null ? {} : { headers: { 'set-cookie': setCookie(cookie, signInMaxAge) } }
        return {
          status: 200,
          body: { actor: actorOf(caller), ...heldBy(caller.kind === 'key' ? keys.findById(caller.id) : null) },
          ...renewed,
        }
      },
      signIn: ({ body }) => {
        const { cookie, maxAge, who } = signIn.signIn(body)
        return { status: 200, body: { actor: actorOf(who) }, headers: { 'set-cookie': setCookie(cookie, maxAge) } }
      },
      signOut: (_, { node }) => {
        const token = cookieOf(node.request)
        if (token !== null) signIn.signOut(token)
        return { status: 204, body: null, headers: { 'set-cookie': setCookie('', 0) } }
      },
      createSignInLink: () => {
        const { code, expiresAt } = signIn.createCode()
        return { status: 201, body: { url: signInUrl(parts.host(), code), expiresAt: iso(expiresAt) } }
      },
    },
    {
      events: (socket, { query }) => stream.attach(socket, eventsQuery.parse(query)),
      practiceSite: (socket, _, { caller }) => parts.practice.attach(socket, actorOf(caller)),
    },
  )
}

function settingsView(settings: SettingsStore): SettingsView {
  return { settings: settings.current(), fixed: settings.fixedPaths(), setAside: settings.setAside(), file: settings.file }
}

/** A key to everything ends by itself when nothing was said of its end; others last until they are revoked. */
function withEnd({ expiresAt, ...key }: Omit<NewKey, 'expiresAt'> & { expiresAt?: string | null | undefined }, now: number): NewKey {
  return {
    ...key,
    expiresAt: expiresAt === undefined ? (key.rights?.includes('control:manage') === true ? iso(now + longestControl) : null) : expiresAt,
  }
}

/** Null for the owner, who may do everything. */
function heldBy(key: KnownKey | null): { scopes: KeyScope[] | null; rights: Right[] | null } {
  return { scopes: key === null ? null : [...key.scopes], rights: key?.rights == null ? null : [...key.rights] }
}

/** Strict same-site and unreadable by scripts; not `Secure`, since the control port speaks plain HTTP on this machine. */
function setCookie(token: string, seconds: number): string {
  return `${sessionCookie}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}`
}
