/** Answers what the window asks about what servers offer, about groups of tools and about profiles of sessions. */
import { actorOf, type Call, type Handlers } from '../http/api.ts'
import { checkPatterns } from './calls/redactor.ts'
import type { offeredRoutes } from './contract/native-offered.ts'
import type { profileRoutes } from './contract/native-profiles.ts'
import type { SessionAdmin } from './sessions/admin.ts'
import type { Groups } from './sessions/groups.ts'
import type { Profiles } from './sessions/profiles.ts'
import type { OfferedAdmin } from './upstreams/offered.ts'

export interface OfferedParts {
  offered: OfferedAdmin
  groups: Groups
  profiles: Profiles
  sessionAdmin: SessionAdmin
  baseOf(call: Call): string
}

export function offeredHandlers({
  offered,
  groups,
  profiles,
  sessionAdmin,
  baseOf,
}: OfferedParts): Handlers<typeof offeredRoutes & typeof profileRoutes> {
  return {
    changeOffered: ({ body: { enabled, price, approve, ...which } }, { caller }) => ({
      status: 200,
      body: { changed: offered.change(which, { enabled, price, approve }, actorOf(caller)) },
    }),
    definitionChanges: () => ({ status: 200, body: { changes: offered.changes() } }),
    toolDefinitions: ({ params }) => ({ status: 200, body: offered.definitions(params.id, params.name) }),
    agreeToUpstream: ({ params }, { caller }) => ({ status: 200, body: { agreed: offered.agree(params.id, actorOf(caller)) } }),

    toolGroups: () => ({ status: 200, body: { groups: groups.list() } }),
    createToolGroup: ({ body }, { caller }) => ({ status: 201, body: groups.create(body.name, body.tools, actorOf(caller)) }),
    changeToolGroup: ({ params, body }, { caller }) => ({ status: 200, body: groups.change(params.id, body, actorOf(caller)) }),
    removeToolGroup: ({ params }, { caller }) => {
      groups.remove(params.id, actorOf(caller))
      return { status: 204, body: null }
    },

    sessionProfiles: () => ({ status: 200, body: { profiles: profiles.list() } }),
    createSessionProfile: async ({ body: { name, policy, session } }, { caller, standing }) => {
      await checkPatterns(policy)
      const kept = session === undefined ? policy : sessionAdmin.reached(session, standing).policy
      // The schema asks for one of the two.
      if (kept === undefined) throw new TypeError('a profile without a policy')
      return { status: 201, body: profiles.create(name, kept, actorOf(caller)) }
    },
    changeSessionProfile: async ({ params, body }, { caller }) => {
      await checkPatterns(body.policy)
      return { status: 200, body: profiles.change(params.id, body, actorOf(caller)) }
    },
    removeSessionProfile: ({ params }, { caller }) => {
      profiles.remove(params.id, actorOf(caller))
      return { status: 204, body: null }
    },
    exportSessionProfile: ({ params }) => ({ status: 200, body: profiles.export(params.id) }),
    importSessionProfile: async ({ body: { file, name } }, { caller }) => {
      await checkPatterns(profiles.read(file).policy)
      return { status: 201, body: profiles.import(file, name ?? file.name, actorOf(caller)) }
    },
    exportRelaySession: ({ params }, { standing }) => {
      const session = sessionAdmin.reached(params.id, standing)
      return { status: 200, body: profiles.fileOf(session.name ?? 'Session', session.policy) }
    },
    cloneRelaySession: ({ params, body }, call) => {
      const { sessionId, session } = sessionAdmin.clone(params.id, { ...body, address: call.address }, actorOf(call.caller), call.standing)
      const base = `${baseOf(call)}/mcp`
      return {
        status: 201,
        body: { session: sessionAdmin.shown(session), sessionId, sessionUrl: `${base}/${sessionId}`, bearerUrl: base },
      }
    },
  }
}
