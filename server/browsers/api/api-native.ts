/** Answers the native resource of sessions, and of the Chromium they run on. */
import type { Call, Handlers } from '../../http/api.ts'
import type { nativeRoutes } from '../contract/native.ts'
import { BrowserFault } from '../fault.ts'
import { navigate } from '../page/navigation.ts'
import { screenshot } from '../page/page-actions.ts'
import { presentAsleep, presentSession } from '../session/presentation.ts'
import type { Session } from '../session/session.ts'
import type { Obtained } from '../session/wanted.ts'
import { hasTags } from './api-resource.ts'
import { actor, isReached, reachedSessions, type ApiParts } from './parts.ts'

export function createNativeHandlers({ service, kept, chromium, textOf }: ApiParts): Handlers<typeof nativeRoutes> {
  const view = (session: Session, { origin }: Call) => presentSession(session, service.idleTimeout, origin)
  return {
    openSession: async ({ body }, call) => {
      const { profile, username, password, captchaApiKey, address, storageState: state, ...setup } = body
      const credentials = { username, password, captchaApiKey, address }
      const opened = await nativeCapacity(
        service.obtain({
          ...{ profile, credentials, setup, waitsForPerson: true, actor: actor(call), makers: [call.standing.maker] },
          ...(state === undefined ? {} : { state }),
        }),
      )
      // Of others it is not told who they are.
      const madeRoom = (opened.madeRoom ?? [])
        .filter(({ session }) => isReached(call, session))
        .map(({ session, because }) => ({ id: session.id, username: session.credentials.username, because }))
      return { status: 202, body: { session: view(opened.session, call), isNew: opened.isNew, madeRoom } }
    },
    browserSessions: ({ query }, call) => {
      const asked = query.tag === undefined ? [] : [query.tag].flat()
      const sessions = reachedSessions(service, call).filter(({ setup }) => hasTags(setup.chosen.tags, asked))
      const next = service.nextEvicted()
      return {
        status: 200,
        body: {
          sessions: [
            ...sessions.map((session) => view(session, call)),
            ...service.sleepers
              .list()
              .filter(({ id, facts }) => isReached(call, { id, makers: facts.makers }) && hasTags(facts.setup.tags, asked))
              .map((row) => presentAsleep(row, kept, call.origin)),
          ],
          capacity: service.maxSessions,
          room: service.room.view(),
          nextEvicted: next !== null && sessions.includes(next) ? next.id : null,
          spareReady: service.spareReady,
        },
      }
    },
    browserSession: ({ params }, call) => {
      const asleep = service.sleepers.find(params.id)
      const session = asleep === undefined ? service.recall(params.id) : service.lately(params.id)
      const events = (session?.events() ?? []).map((event) => ({ ...event, text: textOf(event) }))
      const shown = asleep === undefined ? view(service.recall(params.id), call) : presentAsleep(asleep, kept, call.origin)
      return { status: 200, body: { session: shown, events } }
    },
    closeBrowserSession: async ({ params }, call) => {
      await service.close(params.id, actor(call))
      return { status: 204, body: null }
    },
    restartSession: async ({ params }, call) => {
      const opened = await nativeCapacity(service.anew.restart(params.id, actor(call), call.standing.maker))
      return { status: 202, body: { session: view(opened.session, call), isNew: opened.isNew } }
    },
    navigate: async ({ params, body }) => {
      const session = service.get(params.id)
      session.touch()
      await navigate(session, body)
      return { status: 204, body: null }
    },
    screenshot: async ({ params }) => ({
      status: 200,
      body: await screenshot(service.get(params.id)),
      headers: { 'cache-control': 'no-store' },
    }),
    takeLease: ({ params, body }) => ({ status: 201, body: service.get(params.id).leases.take(body.holder, body.seconds * 1_000) }),
    endLease: ({ params }) => {
      if (!service.get(params.id).leases.end(params.lease)) throw new BrowserFault('lease-not-found', 'No such lease')
      return { status: 204, body: null }
    },
    chromium: () => {
      // Whoever asks wants to know, so the looking begins now; the answer tells that it goes on.
      if (chromium.state().state === 'unknown') chromium.check(false).catch(() => {})
      return { status: 200, body: chromium.state() }
    },
    findChromium: async () => {
      await chromium.check(true).catch((error: unknown) => {
        // What was found or not is in the state; that is the answer.
        if (!BrowserFault.is(error, 'no-browser')) throw error
      })
      return { status: 200, body: chromium.state() }
    },
    installChromium: () => ({ status: 202, body: chromium.install() }),
    cancelInstall: async () => ({ status: 200, body: await chromium.cancelInstall() }),
  }
}

/** The published contract answers 500 when there is no capacity; the native routes say 409. */
export async function nativeCapacity(opening: Promise<Obtained>): Promise<Obtained> {
  try {
    const obtained = await opening
    obtained.release()
    return obtained
  } catch (error) {
    if (BrowserFault.is(error, 'no-capacity')) throw new BrowserFault('all-in-use', error.message)
    throw error
  }
}
