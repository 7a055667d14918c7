/** Answers operations of site profiles, each an endpoint of its name. */
import type { Handlers } from '../../http/api.ts'
import type { operationRoutes } from '../contract/operations.ts'
import type { SiteOperation } from '../contract/site-profile.ts'
import { BrowserFault } from '../fault.ts'
import type { Session } from '../session/session.ts'
import type { Output } from '../site/read-output.ts'
import type { Use } from '../use-session.ts'
import { useWithDebug } from './api-debug.ts'
import { publishedSilence } from './api-published.ts'
import { actor, isReached, type ApiParts } from './parts.ts'

export function createOperationHandlers(parts: ApiParts): Handlers<typeof operationRoutes> {
  const { service, settings } = parts
  return {
    runOperation: async ({ params: { operation }, body }, call) => {
      const {
        session_id: sessionId,
        username,
        password,
        captcha_api_key: captchaApiKey,
        profile: named,
        debug: wantsDebug,
        ...given
      } = body
      const profile = named ?? settings.current().browsers.defaultProfile
      const own = service.list().find((session) => session.id === sessionId && isReached(call, session))
      // A session that sleeps brings its own profile when it wakes.
      const known = own?.profile ?? (sessionId === undefined || named !== undefined ? service.profile(profile) : null)
      if (known !== null && !Object.hasOwn(known.operations, operation))
        throw new BrowserFault('no-such-operation', `The site profile ${known.name} has no operation ${operation}`)
      const use: Use = {
        ...{ operation, profile, sessionId, username, password, captchaApiKey },
        inputs: textsOf(given),
        declaredOnly: true,
        actor: actor(call),
        makers: [call.standing.maker],
        reaches: (session) => isReached(call, session),
      }
      const { session, isNew, result, debug } = await publishedSilence(useWithDebug(parts, call, use, wantsDebug === true))
      const read = answer(session, isNew, session.profile.operations[operation], textsOf(given), atOrigin(call.origin, result))
      return { status: 200, body: { ...read, ...debug } }
    },
  }
}

/** Whoever called can fetch a file as it stands there. */
function atOrigin(origin: string, result: Output | null): Output | null {
  const isFile = result !== null && typeof result === 'object' && !Array.isArray(result)
  return isFile ? { ...result, file: origin + result.file } : result
}

/** Numbers may come as such. */
function textsOf(given: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts = Object.entries(given).flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [],
  )
  return Object.fromEntries(texts) as Record<string, string>
}

function answer(
  session: Session,
  isNew: boolean,
  operation: SiteOperation | undefined,
  given: Readonly<Record<string, string>>,
  result: Output | null,
) {
  const asked = Object.keys(operation?.inputs ?? {}).map((name) => [name, given[name]])
  const head = { success: true as const, session_id: session.id, is_new_session: isNew, ...(Object.fromEntries(asked) as object) }
  if (result !== null && typeof result === 'object' && !Array.isArray(result))
    return { ...head, [operation?.as ?? 'file_url']: result.file, file_name: result.name }
  const isFile = typeof operation?.read === 'object' && 'file' in operation.read
  return { ...head, [operation?.as ?? (isFile ? 'file_url' : 'result')]: result }
}
