/** Opens a connection to another broker, up to the point where messages could pass. */
import type { Egress } from '../../http/egress.ts'
import { Line } from './line.ts'
import { LineProblem, problemOf } from './problems.ts'
import type { BridgeSecrets, BridgeSettings } from './store.ts'
import { openWay } from './transport.ts'

export interface Dialled {
  settings: BridgeSettings
  secrets: BridgeSecrets
  egress: Pick<Egress, 'addresses'>
  isOpened: boolean
  /** Monotonic ms. */
  now(): number
  /** In MQTT 3.1.1, whether to say that it is a bridge. */
  asBridge: boolean
  /** Nothing is to be kept for us. */
  isTrial?: boolean
  /** Hears what was found on the way. */
  found?(step: string): void
}

/** Ms for all of it. */
const patience = 20_000

/** A line that was let in. Throws a `LineProblem`, or the signal's reason. */
export async function dial(dialled: Dialled, signal: AbortSignal): Promise<Line> {
  const { settings, secrets, egress, isOpened, now, asBridge, isTrial = false, found = () => undefined } = dialled
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), patience)
  const either = AbortSignal.any([signal, late.signal])
  let line: Line | null = null
  try {
    const { address, ca, certificate, serverName, alpn, insecure } = settings
    const tls = { ca, certificate, serverName, alpn, insecure, key: secrets.key }
    const stream = await openWay({ address, tls, egress, isOpened }, either, found)
    const opened = (line = new Line(stream, settings.version, now))
    either.addEventListener('abort', () => opened.end(new LineProblem('timed-out', 'The other broker does not answer')), { once: true })
    await opened.greet({
      ...{ version: settings.version, asBridge, clientId: settings.clientId, keepAlive: settings.keepAlive },
      ...{ username: settings.username, password: secrets.password },
      ...(isTrial ? { sessionExpiry: 0, clean: true } : { sessionExpiry: settings.sessionExpiry, clean: false }),
    })
    found(`logged in with MQTT ${settings.version}`)
    return opened
  } catch (error) {
    signal.throwIfAborted()
    const problem = late.signal.aborted ? new LineProblem('timed-out', 'The host or broker does not answer') : problemOf(error)
    line?.end(problem)
    throw problem
  } finally {
    clearTimeout(timer)
  }
}

/** An id that no packet on the line uses while subscriptions are made: counted from the top, where messages seldom are. */
export function askingId(isUsed: (packetId: number) => boolean): number {
  for (let packetId = 65_535; packetId > 0; packetId -= 1) if (!isUsed(packetId)) return packetId
  return 1
}
