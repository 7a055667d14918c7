/** What happens in groups, read where it comes in: the library's own events say neither all of it nor always who did it. */
import type { BinaryNode, WASocket } from 'baileys'
import type { GroupHappening, GroupWhat, Person } from '../groups.ts'
import type { KnownPeople } from '../people.ts'
import { withOtherId } from './group-people.ts'
import { actorOf, personOf, settingIn } from './group-nodes.ts'
import { childOf, childrenOf, msOf, textOf } from './nodes.ts'

/** Before WhatsApp hears that it has come: what is told is told again rather than lost. */
export function hearGroups(socket: WASocket, people: KnownPeople, happened: (happening: GroupHappening) => void): void {
  socket.ws.prependListener('CB:notification', (notice: BinaryNode) => {
    for (const { by, people: about, ...happening } of groupHappenings(notice, Date.now()))
      happened({ ...happening, by: by === null ? null : withOtherId(people, by), people: about.map((one) => withOtherId(people, one)) })
  })
}

const ofMembers: Readonly<Record<string, GroupWhat>> = {
  add: 'joined',
  remove: 'removed',
  leave: 'left',
  promote: 'promoted',
  demote: 'demoted',
  modify: 'number-changed',
  created_membership_requests: 'join-requested',
  revoked_membership_requests: 'join-rejected',
}

/** None when the notice is about something else. */
export function groupHappenings(notice: BinaryNode, now: number): GroupHappening[] {
  const { from = '', type, id = '', t } = notice.attrs
  if (!from.endsWith('@g.us') || (type !== 'w:gp2' && type !== 'picture')) return []
  const by = actorOf(notice.attrs)
  const parts = childrenOf(notice)
  return parts.flatMap((part, place) => {
    const said = type === 'picture' ? pictureIn(part) : saidIn(part, by)
    const numbered = parts.length === 1 ? id : `${id}.${place}`
    return said === null
      ? []
      : [{ type: 'group' as const, id: numbered, group: from, at: msOf(t) ?? now, by, people: [], text: null, settings: null, ...said }]
  })
}

type Said = Pick<GroupHappening, 'what'> & Partial<GroupHappening>

function saidIn(part: BinaryNode, by: Person | null): Said | null {
  const people = childrenOf(part)
    .filter(({ attrs }) => attrs['jid'] !== undefined)
    .map(({ attrs }) => personOf(attrs))
  const ofPeople = ofMembers[part.tag]
  if (ofPeople !== undefined) return { what: whatOf(ofPeople, people, by), people: people.length === 0 && by !== null ? [by] : people }
  switch (part.tag) {
    case 'create':
      return { what: 'created', text: childOf(part, 'group')?.attrs['subject'] ?? '' }
    case 'subject':
      return { what: 'subject', text: part.attrs['subject'] ?? textOf(part) }
    case 'description':
      return { what: 'description', text: textOf(childOf(part, 'body')) }
    case 'invite':
    case 'revoke':
      return { what: 'link', text: part.attrs['code'] ?? null }
    case 'delete':
      return { what: 'ended' }
    default: {
      const settings = settingIn(part)
      return settings === null ? null : { what: 'settings', settings }
    }
  }
}

/** Whoever removes himself has left; whoever takes his own request back has withdrawn it. */
function whatOf(what: GroupWhat, people: readonly Person[], by: Person | null): GroupWhat {
  const [only] = people
  const isOwn = people.length <= 1 && by !== null && (only === undefined || isSame(only, by))
  if (what === 'removed' && isOwn) return 'left'
  return what === 'join-rejected' && isOwn ? 'join-withdrawn' : what
}

function isSame(one: Person, other: Person): boolean {
  return (
    one.id === other.id ||
    (one.number !== null && one.number === other.number) ||
    (one.hiddenId !== null && one.hiddenId === other.hiddenId)
  )
}

function pictureIn({ tag, attrs }: BinaryNode): Said | null {
  if (tag !== 'set' && tag !== 'delete') return null
  const { author } = attrs
  return { what: 'picture', text: tag === 'set' ? 'set' : 'removed', ...(author === undefined ? {} : { by: personOf({ jid: author }) }) }
}
