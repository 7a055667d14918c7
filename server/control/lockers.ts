/** What is locked because its sealing key is missing: told by room, opened again when the key is back, or given up by a person. */
import type { EventSink } from '../events/event.ts'
import { createAnnouncer } from '../events/event-types.ts'
import { ControlFault } from './fault.ts'
import { houseEventsOf } from '../house-events.ts'
import type { RoomName } from '../http/contract.ts'
import type { HouseConcern } from '../house-concerns.ts'
import type { Room } from '../room.ts'
import type { Locked, Undated } from '../room-report.ts'
import type { Sealing } from '../secrets/sealing.ts'
import { lockedWords } from '../../words/words.ts'
import { words } from '../words.ts'
import type { SealingView } from './contract/index.ts'
import { controlEvents } from './events.ts'

export interface Lockers {
  view(): SealingView
  /** Reads the key files again and starts the rooms anew in which something is locked. */
  retry(actor: string): Promise<SealingView>
  /** Throws `nothing-locked` and `sealing-key-protected`. */
  giveUp(room: RoomName, actor: string): Promise<SealingView>
  attention(): Undated<HouseConcern>[]
}

export interface LockersOptions {
  sealing: Sealing
  rooms: readonly Room[]
  events: EventSink
  restart(room: RoomName): Promise<void>
}

export function createLockers({ sealing, rooms, events, restart }: LockersOptions): Lockers {
  const announcer = createAnnouncer(events, 'control', controlEvents)
  const locked = () =>
    rooms.flatMap((room) => {
      const what = room.locked?.() ?? []
      return what.length === 0 ? [] : [{ room: room.name, what }]
    })

  function view(): SealingView {
    const state = sealing.state()
    return {
      state: state.is,
      reason: state.is === 'open' ? null : state.reason,
      locked: locked().map(({ room, what }) => ({ room, what: inWords(what) })),
    }
  }

  return {
    view,
    async retry(actor) {
      const closed = locked()
      await sealing.reload()
      // A room reads what is sealed when it starts; one that fails again stays named under "Needs attention".
      await Promise.allSettled(closed.map(({ room }) => restart(room)))
      announcer.emit({ type: 'sealing-key-read', subject: sealing.state().is, actor })
      return view()
    },
    async giveUp(name, actor) {
      const room = rooms.find((each) => each.name === name)
      const what = room?.locked?.() ?? []
      if (room?.giveUpLocked === undefined || what.length === 0) throw new ControlFault('nothing-locked', `Nothing is locked in ${name}`)
      // First, so that what comes in place of the lost can be sealed.
      if (sealing.state().is !== 'open') await sealing.replaceLost()
      await room.giveUpLocked()
      houseEventsOf(events, name).emit({ type: 'locked-given-up', subject: inWords(what).join(', '), actor })
      return view()
    },
    attention() {
      const state = sealing.state()
      const byDesktop = state.is === 'protected'
      const key: Undated<HouseConcern>[] =
        state.is === 'open'
          ? []
          : [
              {
                id: 'sealing-key',
                room: 'control',
                kind: 'sealing-key',
                facts: { state: state.is, reason: state.reason },
                tone: 'bad',
                action: 'retry-sealing-key',
                subject: null,
              },
            ]
      const things = locked().map(({ room, what }): Undated<HouseConcern> => ({
        id: `locked:${room}`,
        room,
        kind: 'locked',
        facts: { locked: what, byDesktop },
        tone: 'bad',
        action: byDesktop ? 'retry-sealing-key' : 'give-up-locked',
        subject: room,
      }))
      return [...key, ...things]
    },
  }
}

const inWords = (what: readonly Locked[]): string[] => what.map((some) => lockedWords(words, some))
