/** The third question after who calls and what they may do: whether this thing is theirs. */
import { Fault } from '../fault.ts'
import type { Api } from './api.ts'
import { roomNames } from '../rooms.ts'
import type { RouteRight, Standing } from './rights.ts'

/**
 * Answers for a thing of somebody else as for one that is not there, so that nobody learns its name. Only a room's `use` is about one's own
 * things: `manage` is about everybody's, and what a contract calls public asks for a secret of its own. With `isThere` what is not there
 * is refused too; without, the handler does that in its own words.
 */
export function checkSubject(
  api: Api,
  { right }: { right: RouteRight },
  subject: string | null,
  standing: Standing,
  { isThere = false }: { isThere?: boolean } = {},
): void {
  const room = roomNames.find((name) => right === `${name}:use`)
  if (room === undefined || subject === null || api.makersOf === undefined) return
  const makers = api.makersOf(subject)
  if (makers === undefined ? isThere : !standing.reaches(room, { subject, makers }))
    throw new NoSuchThing(api.contract.subject?.missing ?? 'not-found', 'There is no such thing')
}

/** Its code is the contract's own. */
class NoSuchThing extends Fault {}
