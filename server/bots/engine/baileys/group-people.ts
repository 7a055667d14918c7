/** Who is who in a group: some groups name people by numbers, some by hidden ids with the number beside, some by hidden ids alone. */
import type { WASocket } from 'baileys'
import { chatOf, numberOf } from '../address.ts'
import type { Person } from '../groups.ts'
import type { KnownPeople } from '../people.ts'

export interface GroupPeople {
  /** With the other id, where that is known. */
  known<Named extends Person>(people: readonly Named[]): Named[]
  /** Asks WhatsApp for the hidden ids of these, where they are not known. */
  learn(ids: readonly string[]): Promise<void>
  /** Each of the ids as the group has it; whom it does not know stays what the caller said. */
  namesIn(members: readonly Person[], ids: readonly string[]): Promise<string[]>
}

/** With the other id, where that is known. */
export function withOtherId<Named extends Person>(people: KnownPeople, person: Named): Named {
  return {
    ...person,
    number: person.number ?? numberOf(people.idOf(person.id)),
    hiddenId: person.hiddenId ?? people.hiddenIdOf(person.id),
  }
}

export function createGroupPeople({ signalRepository }: WASocket, people: KnownPeople): GroupPeople {
  const calls: GroupPeople = {
    known: (named) => named.map((person) => withOtherId(people, person)),
    async learn(ids) {
      const unknown = ids.filter((id) => numberOf(id) !== null && people.hiddenIdOf(id) === null)
      // What it learns is heard where all is heard; without an answer they stay what they are.
      if (unknown.length > 0) await signalRepository.lidMapping.getLIDsForPNs(unknown).catch(() => null)
    },
    async namesIn(members, ids) {
      const missing = ids.filter((id) => nameIn(members, id) === null)
      if (missing.length === 0 || members.every(({ number }) => number !== null)) return ids.map((id) => nameIn(members, id) ?? id)
      await calls.learn(missing)
      const learned = calls.known(members)
      return ids.map((id) => nameIn(learned, id) ?? id)
    },
  }
  return calls
}

function nameIn(members: readonly Person[], wanted: string): string | null {
  const found = members.find(
    ({ id, number, hiddenId }) => id === wanted || hiddenId === wanted || (number !== null && chatOf(number) === wanted),
  )
  return found?.id ?? null
}
