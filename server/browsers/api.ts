/** Binds the browsers contract to its service. */
import { z } from 'zod'
import { iso, type Clock } from '../clock.ts'
import type { SettingsSource } from '../config/source.ts'
import { BrowserFault } from './fault.ts'
import { actorOf, implement, type Api, type Call } from '../http/api.ts'
import type { Chromium } from './process/chromium.ts'
import { browsersContract, sessionId } from './contract/index.ts'
import { attachView } from './view/live-view.ts'
import { navigate } from './page/navigation.ts'
import { screenshot } from './page/page-actions.ts'
import type { SessionService } from './service.ts'
import { presentSession } from './session/presentation.ts'
import type { Obtained, Wanted } from './session/wanted.ts'
import type { Session } from './session/session.ts'
import { useSession, type Use } from './site/use.ts'

export interface ApiParts {
  service: SessionService
  chromium: Chromium
  settings: SettingsSource
  clock: Clock
}

export function createBrowsersApi({ service, chromium, settings, clock }: ApiParts): Api {
  const defaultProfile = (): string => settings.current().browsers.defaultProfile
  const view = (session: Session) => presentSession(session, service.idleTimeout)
  const actor = (call: Pick<Call, 'caller'>): string => actorOf(call.caller)
  const isReached = ({ standing }: Pick<Call, 'standing'>, { id, makers }: Session): boolean =>
    standing.reaches('browsers', { subject: id, makers: [...makers] })
  const reached = (call: Call): Session[] => service.list().filter((session) => isReached(call, session))

  return implement(
    browsersContract,
    {
      getSession: async ({ body }, call) => {
        const wanted: Wanted = {
          profile: defaultProfile(),
          credentials: { username: body.username, password: body.password, captchaApiKey: body.captcha_api_key },
          waitsForPerson: false,
          actor: actor(call),
          makers: [call.standing.maker],
        }
        const { session, isNew, release } = await publishedSilence(service.handOut.ready(wanted))
        release()
        session.touch()
        return {
          status: 200,
          body: {
            success: true,
            session_id: session.id,
            is_new: isNew,
            username: session.credentials.username,
            created_at: iso(session.createdAt),
            expires_at: null,
            message: isNew ? 'New persistent session created' : 'Using existing persistent session',
          },
        }
      },
      listSessions: (_, call) => {
        const sessions = reached(call)
        return { status: 200, body: { active_sessions: sessions.length, sessions: sessions.map(published) } }
      },
      closeSession: async ({ params }, call) => {
        await service.close(params.session_id, actor(call))
        return { status: 200, body: { success: true, message: `Session ${params.session_id} closed` } }
      },
      getBookingNumber: async ({ body }, call) => {
        const use: Use = {
          operation: 'get_booking_number',
          inputs: { container_id: body.container_id },
          profile: defaultProfile(),
          sessionId: body.session_id,
          username: body.username,
          password: body.password,
          captchaApiKey: body.captcha_api_key,
          actor: actor(call),
          makers: [call.standing.maker],
          reaches: (session) => isReached(call, session),
        }
        const { session, isNew, result } = await publishedSilence(useSession(service, use))
        return {
          status: 200,
          body: { success: true, session_id: session.id, is_new_session: isNew, container_id: body.container_id, booking_number: result },
        }
      },
      health: () => {
        const active = service.list().length
        return {
          status: 200,
          body: {
            status: 'healthy',
            service: 'Wheelhouse browser sessions',
            active_sessions: active,
            max_sessions: service.maxSessions,
            session_capacity: `${active}/${service.maxSessions}`,
            persistent_sessions: active,
            timestamp: iso(clock.now()),
          },
        }
      },

      openSession: async ({ body }, call) => {
        const { profile, ...credentials } = body
        const opened = await nativeCapacity(
          service.obtain({ profile, credentials, waitsForPerson: true, actor: actor(call), makers: [call.standing.maker] }),
        )
        return { status: 202, body: { session: view(opened.session), isNew: opened.isNew } }
      },
      browserSessions: (_, call) => {
        const sessions = reached(call)
        const next = service.nextEvicted()
        return {
          status: 200,
          body: {
            sessions: sessions.map(view),
            capacity: service.maxSessions,
            nextEvicted: next !== null && sessions.includes(next) ? next.id : null,
            spareReady: service.spareReady,
          },
        }
      },
      browserSession: ({ params }) => {
        const session = service.recall(params.id)
        return { status: 200, body: { session: view(session), events: session.events() } }
      },
      closeBrowserSession: async ({ params }, call) => {
        await service.close(params.id, actor(call))
        return { status: 204, body: null }
      },
      restartSession: async ({ params }, call) => {
        const opened = await nativeCapacity(service.restart(params.id, actor(call), call.standing.maker))
        return { status: 202, body: { session: view(opened.session), isNew: opened.isNew } }
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
    },
    {
      view: (socket, { params }) => {
        const { id } = z.object({ id: sessionId }).parse(params)
        try {
          attachView(socket, service.get(id), clock)
        } catch {
          // 4404: the session is not there, in the range that WebSocket leaves to applications.
          socket.close(4_404, 'Session not found')
        }
      },
    },
    { makersOf: (id) => service.makersOf(id) },
  )
}

function published(session: Session) {
  return {
    session_id: session.id,
    username: session.credentials.username,
    created_at: iso(session.createdAt),
    last_used: iso(session.usage.lastAt),
    keep_alive: true,
    current_url: session.pages.active()?.url ?? 'about:blank',
  }
}

/** The published contract knows 500 alone for what a browser does; the native routes say 504. */
async function publishedSilence<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw BrowserFault.is(error, 'browser-silent') ? new BrowserFault('browser-unusable', error.message) : error
  }
}

/** The published contract answers 500 when there is no capacity; the native routes say 409. */
async function nativeCapacity(opening: Promise<Obtained>): Promise<Obtained> {
  try {
    const obtained = await opening
    obtained.release()
    return obtained
  } catch (error) {
    if (BrowserFault.is(error, 'no-capacity')) throw new BrowserFault('all-in-use', error.message)
    throw error
  }
}
