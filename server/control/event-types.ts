/** Every type of event there is: those of each room, and those that the house tells of any of them. */
import { botEvents } from '../bots/events.ts'
import { brokerEvents } from '../brokers/events.ts'
import { browserEvents } from '../browsers/events.ts'
import type { BusEvent } from '../events/event.ts'
import type { EventType, EventTypes } from '../events/event-types.ts'
import { houseEvents } from '../house-events.ts'
import { loginEvents } from '../logins/events.ts'
import { relayEvents } from '../relay/events.ts'
import { controlEvents } from './events.ts'

export const eventTypes = {
  house: houseEvents,
  control: controlEvents,
  browsers: browserEvents,
  brokers: brokerEvents,
  bots: botEvents,
  logins: loginEvents,
  relay: relayEvents,
} satisfies Record<'house' | BusEvent['room'], EventTypes>

/** Undefined for an event that another version told. */
export function typeOf({ room, type }: Pick<BusEvent, 'room' | 'type'>): EventType | undefined {
  const ofRoom: EventTypes = eventTypes[room]
  const ofHouse: EventTypes = eventTypes.house
  return ofRoom[type] ?? ofHouse[type]
}
