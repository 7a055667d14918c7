/**
 * A practice site that a person tries Wheelhouse on. It is the default site for as long as its socket is open and stands in memory alone:
 * on whatever end the other one dies, by whatever means, nothing is left that would send a real login to who takes its port next.
 */
import type { RawData, WebSocket } from 'ws'
import { z } from 'zod'
import type { ProfileStore } from '../browsers/site/profiles.ts'
import { siteProfile } from '../browsers/contract/site-profile.ts'
import { browserEvents } from '../browsers/events.ts'
import type { SettingsStore } from '../config/settings-store.ts'
import type { EventSink } from '../events/event.ts'
import { createAnnouncer } from '../events/event-types.ts'
import { Fault } from '../fault.ts'
import { ControlFault } from './fault.ts'
import { contained, type Scope } from '../isolation.ts'

export interface PracticeSites {
  /** Owns the socket from here. The site is connected from the first message on until the socket ends. */
  attach(socket: WebSocket, actor: string): void
}

export interface PracticeSiteParts {
  settings: Pick<SettingsStore, 'lend'>
  profiles: Pick<ProfileStore, 'lend'>
  /** The site has ended, and so must the sessions on it: each renewal would take its login to that port. */
  gone(profile: string): void
  events: EventSink
}

/** Closed by us: what the client asked for cannot be, in the range that WebSocket leaves to applications. */
const refusedCode = 4_409

const isHere = (address: string): boolean => ['127.0.0.1', 'localhost', '[::1]'].includes(URL.parse(address)?.hostname ?? '')

const onThisMachine = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .refine(isHere, 'a practice site is on this machine')
const connectMessage = z.object({
  profile: siteProfile.refine(
    ({ address, refresh, operations }) =>
      [address, refresh?.address, ...Object.values(operations).map((each) => each.address)].every((each) => each == null || isHere(each)),
    'a practice site is on this machine',
  ),
  captchaAddress: onThisMachine,
})

export function createPracticeSites(parts: PracticeSiteParts): PracticeSites {
  return {
    attach(socket, actor) {
      let end = (): void => undefined
      const scope: Scope = { room: 'control', kind: 'practice-site', id: actor, escaped: () => socket.terminate() }
      const say = (message: object): void => socket.send(JSON.stringify(message))
      socket.on('error', () => socket.terminate())
      socket.once(
        'close',
        contained(scope, () => end()),
      )
      socket.once(
        'message',
        contained(scope, (data: RawData) => {
          try {
            end = connect(parts, data, actor)
            // Whoever ends it waits for this to be told, so that nothing happens in between.
            socket.once(
              'message',
              contained(scope, () => {
                end()
                end = () => undefined
                socket.close(1_000, 'ended')
              }),
            )
            say({ type: 'connected' })
          } catch (error) {
            if (!(error instanceof Fault)) throw error
            say({ type: 'refused', message: error.message })
            socket.close(refusedCode, 'refused')
          }
        }),
      )
    },
  }
}

/** Returns what ends it. Throws faults alone for what is wrong with the request. */
function connect({ settings, profiles, gone, events }: PracticeSiteParts, data: RawData, actor: string): () => void {
  const parsed = connectMessage.safeParse(readJson(data))
  if (!parsed.success)
    throw new ControlFault('practice-invalid', `That is no practice site: ${parsed.error.issues[0]?.message ?? 'it cannot be read'}`)
  const { profile, captchaAddress } = parsed.data
  const by = 'the practice site that is connected'
  const endProfile = profiles.lend(profile)
  let endSettings: () => void
  try {
    endSettings = settings.lend(
      new Map([
        ['browsers.defaultProfile', { value: profile.name, by }],
        ['browsers.captcha.address', { value: captchaAddress, by }],
      ]),
    )
  } catch (error) {
    endProfile()
    throw error
  }
  const announcer = createAnnouncer(events, 'browsers', browserEvents)
  announcer.emit({ type: 'practice-site-connected', subject: profile.title, actor })
  return () => {
    endSettings()
    endProfile()
    gone(profile.name)
    announcer.emit({ type: 'practice-site-ended', subject: profile.title, actor })
  }
}

function readJson(data: RawData): unknown {
  try {
    // Node's own sockets hand out one Buffer per message (`binaryType` nodebuffer).
    return JSON.parse((data as Buffer).toString('utf8'))
  } catch {
    return null
  }
}
