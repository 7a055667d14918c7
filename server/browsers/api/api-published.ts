/** Answers the published E-Modal contract. */
import { iso } from '../../clock.ts'
import type { Handlers } from '../../http/api.ts'
import type { publishedRoutes } from '../contract/published.ts'
import { BrowserFault } from '../fault.ts'
import type { Session } from '../session/session.ts'
import type { Wanted } from '../session/wanted.ts'
import type { Use } from '../use-session.ts'
import { useWithDebug } from './api-debug.ts'
import { actor, isReached, reachedSessions, type ApiParts } from './parts.ts'

export function createPublishedHandlers(parts: ApiParts): Handlers<typeof publishedRoutes> {
  const { service, settings, clock } = parts
  const defaultProfile = (): string => settings.current().browsers.defaultProfile
  return {
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
      const sessions = reachedSessions(service, call)
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
      const { session, isNew, result, debug } = await publishedSilence(useWithDebug(parts, call, use, body.debug === true))
      return {
        status: 200,
        body: {
          success: true,
          session_id: session.id,
          is_new_session: isNew,
          container_id: body.container_id,
          booking_number: typeof result === 'string' ? result : null,
          ...debug,
        },
      }
    },
    health: () => {
      const active = service.list().filter(({ aside }) => !aside).length
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
  }
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
export async function publishedSilence<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw BrowserFault.is(error, 'browser-silent') ? new BrowserFault('browser-unusable', error.message) : error
  }
}
