/** Who may delete in a group what others wrote. */
import type { KnownPeople } from '../people.ts'
import type { GroupCache } from './group-cache.ts'

export async function isAdminOf(groups: GroupCache, people: KnownPeople, group: string, person: string): Promise<boolean> {
  const { participants } = await groups.of(group)
  return participants.some(
    ({ id, lid, phoneNumber, admin }) =>
      admin != null && [id, lid, phoneNumber].some((each) => each !== undefined && people.idOf(each) === people.idOf(person)),
  )
}
