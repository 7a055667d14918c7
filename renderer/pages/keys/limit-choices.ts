/** The bots and broker sessions that a key can be limited to, by the names that a person knows. */
import { computed } from 'vue'
import type { RoomWithSubjects } from '../../../server/http/rights.ts'
import { useBots } from '../../stores/bots.ts'
import { useBrokers } from '../../stores/brokers.ts'
import type { Choice, Limits } from './key-draft.ts'

export function useLimitChoices() {
  const bots = useBots()
  const brokers = useBrokers()
  const choices = computed<Record<RoomWithSubjects, Choice[]>>(() => ({
    brokers: brokers.sessions.map(({ name }) => ({ label: name, value: name })),
    bots: bots.bots.map(({ userId, label }) => ({ label: label === '' ? userId : label, value: userId })),
  }))
  const named = (limits: Limits): Limits => ({
    brokers: limits.brokers.map((value) => nameOf('brokers', value)),
    bots: limits.bots.map((value) => nameOf('bots', value)),
  })
  const nameOf = (room: RoomWithSubjects, value: string): string =>
    choices.value[room].find((choice) => choice.value === value)?.label ?? value
  return { choices, named, nameOf }
}
