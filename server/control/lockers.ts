/** What is locked because its sealing key is missing: told by room, opened again when the key is back, or given up by a person. */
import type { EventSink } from '../events/event.ts'
import { createAnnouncer } from '../events/event-types.ts'
import { ControlFault } from './fault.ts'
import { houseEventsOf } from '../house-events.ts'
import type { RoomName } from '../http/contract.ts'
import type { Room } from '../room.ts'
import type { Sealing } from '../secrets/sealing.ts'
import type { Attention } from './attention.ts'
import type { SealingView } from './contract.ts'
import { controlEvents } from './events.ts'

export interface Lockers {
  view(): SealingView
  /** Reads the key files again and starts the rooms anew in which something is locked. */
  retry(actor: string): Promise<SealingView>
  /** Throws `nothing-locked` and `sealing-key-protected`. */
  giveUp(room: RoomName, actor: string): Promise<SealingView>
  attention(): Omit<ReturnType<Attention['items']>[number], 'since'>[]
}

export interface LockersOptions {
  sealing: Sealing
  rooms: readonly Room[]
  events: EventSink
  restart(room: RoomName): Promise<void>
}

export function createLockers({ sealing, rooms, events: sink, restart }: LockersOptions): Lockers {
  const events = createAnnouncer(sink, 'control', controlEvents)
  const locked = () =>
    rooms.flatMap((room) => {
      const what = room.locked?.() ?? []
      return what.length === 0 ? [] : [{ room: room.name, what }]
    })

  function view(): SealingView {
    const state = sealing.state()
    return { state: state.is, reason: state.is === 'open' ? null : state.reason, locked: locked() }
  }

  return {
    view,
    async retry(actor) {
      const closed = locked()
      await sealing.reload()
      // A room reads what is sealed when it starts; one that fails again stays named under "Needs attention".
      await Promise.allSettled(closed.map(({ room }) => restart(room)))
      events.emit({ type: 'sealing-key-read', subject: sealing.state().is, actor })
      return view()
    },
    async giveUp(name, actor) {
      const room = rooms.find((each) => each.name === name)
      const what = room?.locked?.() ?? []
      if (room?.giveUpLocked === undefined || what.length === 0) throw new ControlFault('nothing-locked', `Nothing is locked in ${name}`)
      // First, so that what comes in place of the lost can be sealed.
      if (sealing.state().is !== 'open') await sealing.replaceLost()
      await room.giveUpLocked()
      houseEventsOf(sink, name).emit({ type: 'locked-given-up', subject: what.join(', '), actor })
      return view()
    },
    attention() {
      const { state, reason, locked: rest } = view()
      const key =
        state === 'open'
          ? []
          : [
              {
                id: 'sealing-key',
                room: 'control' as const,
                tone: 'bad' as const,
                title: keyTitles[state],
                text: `${reason}. Put the key back, then try again.`,
                action: 'retry-sealing-key' as const,
                subject: null,
              },
            ]
      const things = rest.map(({ room, what }) => ({
        ...{ id: `locked:${room}`, room, tone: 'bad' as const, title: `Locked: ${what.join(', ')}`, subject: room },
        text:
          state === 'protected'
            ? 'Opens again in the desktop app, which has the key.'
            : 'Sealed with a key that is not here. Put the key back, or give up what it sealed.',
        action: state === 'protected' ? ('retry-sealing-key' as const) : ('give-up-locked' as const),
      }))
      return [...key, ...things]
    },
  }
}

const keyTitles = {
  changed: 'The sealing key is another one',
  missing: 'The sealing key is missing',
  broken: 'The sealing key cannot be read',
  protected: 'The sealing key is kept by the desktop app',
} as const
