/** What both halves of the browsers API answer from, and which sessions a caller sees. */
import type { Clock } from '../../clock.ts'
import type { SettingsSource } from '../../config/source.ts'
import { actorOf, type Call } from '../../http/api.ts'
import type { Chromium } from '../chromium/chromium.ts'
import type { DebugBundles } from '../debug/debug-bundles.ts'
import type { SessionEventText } from '../events.ts'
import type { SessionFiles } from '../files/session-files.ts'
import type { KeptLogins } from '../kept/kept-logins.ts'
import type { Recordings } from '../recording/recordings.ts'
import type { SessionService } from '../service.ts'
import type { Session } from '../session/session.ts'
import type { Workshop } from '../workshop.ts'

export interface ApiParts {
  service: SessionService
  files: Pick<SessionFiles, 'find'>
  kept: KeptLogins
  recordings: Recordings
  debugBundles: DebugBundles
  chromium: Chromium
  workshop: Workshop
  settings: SettingsSource
  clock: Clock
  textOf: SessionEventText
}

export const actor = (call: Pick<Call, 'caller'>): string => actorOf(call.caller)

export function isReached({ standing }: Pick<Call, 'standing'>, { id, makers }: { id: string; makers: Iterable<string | null> }): boolean {
  return standing.reaches('browsers', { subject: id, makers: [...makers] })
}

/** Live sessions that are the caller's to see; one in which a site is tried out is shown where that is done. */
export function reachedSessions(service: SessionService, call: Call): Session[] {
  return service.list().filter((session) => !session.aside && isReached(call, session))
}
