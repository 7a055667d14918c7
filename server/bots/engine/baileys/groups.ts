/** Calls about groups. */
import type { BinaryNode, WASocket } from 'baileys'
import { BotFault } from '../../fault.ts'
import { chatOf } from '../address.ts'
import { groupRefusalOf, type Doing } from '../group-refusals.ts'
import type { Group, GroupCalls, GroupFacts, JoinRequest, Outcome, Person } from '../groups.ts'
import { factsOf, groupOf, personOutcome, requestOf } from './group-nodes.ts'
import type { KnownPeople } from '../people.ts'
import type { GroupCache } from './group-cache.ts'
import { lookupRefusalOf } from '../whatsapp-codes.ts'
import { createGroupPeople, withOtherId } from './group-people.ts'
import { childOf, childrenOf } from './nodes.ts'
import type { Sender } from './sending.ts'

export interface GroupCallParts {
  library: typeof import('baileys')
  socket: WASocket
  people: KnownPeople
  cache: Pick<GroupCache, 'keep' | 'forget'>
  answered: Sender['answered']
}

const anyGroup = '@g.us'

export function createGroupCalls({ library, socket, people, cache, answered }: GroupCallParts): GroupCalls {
  const { known, learn, namesIn } = createGroupPeople(socket, people)
  const told = <Answer>(doing: Doing, answer: Promise<Answer>): Promise<Answer> => answered(answer, (code) => groupRefusalOf(code, doing))
  const ask = (doing: Doing, type: 'get' | 'set', to: string, content: BinaryNode): Promise<BinaryNode> =>
    told(doing, socket.query({ tag: 'iq', attrs: { type, xmlns: 'w:g2', to }, content: [content] }) as Promise<BinaryNode>) // what a query answers with

  async function read(id: string): Promise<Group> {
    const answer = await ask('read', 'get', id, { tag: 'query', attrs: { request: 'interactive' } })
    return named(groupOf(groupIn(answer)))
  }

  const named = (group: Group): Group => ({ ...factsNamed(group), members: known(group.members) })
  const factsNamed = <Facts extends GroupFacts>(facts: Facts): Facts => ({
    ...facts,
    owner: facts.owner === null ? null : withOtherId(people, facts.owner),
  })

  async function outcomesOf(list: BinaryNode | undefined, asked: ReadonlyMap<string, string>): Promise<Outcome[]> {
    const found = childrenOf(list, 'participant').map(personOutcome)
    // Asked by number, answered by a hidden id alone.
    if (known(found).some(({ id, number }) => number === null && !asked.has(id))) await learn([...asked.keys()])
    return known(found).map((one) => ({ ...one, asked: askedAs(asked, one) }))
  }

  const isMe = (id: string): boolean => [socket.user?.id, socket.user?.lid].some((me) => library.areJidsSameUser(me, id))

  /** `members`: those whom the change is about are named as they are there, whatever the caller calls them. */
  async function changed(
    id: string,
    tag: string,
    wanted: readonly string[],
    members: readonly Person[],
    wrap: (who: BinaryNode[]) => BinaryNode,
  ): Promise<Outcome[]> {
    const ids = wanted.map((person) => people.idOf(chatOf(person)))
    const asked = new Map((await namesIn(members, ids)).map((name, place) => [name, wanted[place] ?? name]))
    const answer = await ask('change', 'set', id, wrap(participants([...asked.keys()])))
    // Its notice to this device may come later, or not at all.
    cache.forget(id)
    const [inner] = childrenOf(answer)
    return outcomesOf(childOf(inner, tag) ?? inner, asked)
  }

  return {
    async list() {
      const all = Object.values(await answered(socket.groupFetchAllParticipating(), lookupRefusalOf))
      cache.keep(all)
      // Some parts of communities have no subject.
      return all.map(({ id, subject, participants }) => ({
        id,
        subject: (subject as string | undefined) ?? '',
        members: participants.length,
      }))
    },
    read,
    async create(subject, wanted) {
      const asked = new Map(wanted.map((person) => [people.idOf(chatOf(person)), person]))
      const attrs = { subject, key: library.generateMessageIDV2() }
      const answer = await ask('change', 'set', anyGroup, { tag: 'create', attrs, content: participants([...asked.keys()]) })
      const node = groupIn(answer)
      const outcomes = await outcomesOf(node, asked)
      // Its maker is among the members, and was not asked for.
      return { group: named(groupOf(node)), people: outcomes.filter(({ id }) => !isMe(id)) }
    },
    async changeMembers(id, change, wanted) {
      const members = change === 'add' ? [] : (await read(id)).members
      return changed(id, change, wanted, members, (content) => ({ tag: change, attrs: {}, content }))
    },
    setSubject: (id, subject) => told('change', socket.groupUpdateSubject(id, subject)),
    setDescription: (id, description) => told('change', socket.groupUpdateDescription(id, description === '' ? undefined : description)),
    async set(id, { send, edit, add, approval, disappearAfter }) {
      if (send !== undefined) await told('change', socket.groupSettingUpdate(id, send === 'admins' ? 'announcement' : 'not_announcement'))
      if (edit !== undefined) await told('change', socket.groupSettingUpdate(id, edit === 'admins' ? 'locked' : 'unlocked'))
      if (add !== undefined) await told('change', socket.groupMemberAddMode(id, add === 'admins' ? 'admin_add' : 'all_member_add'))
      if (approval !== undefined) await told('change', socket.groupJoinApprovalMode(id, approval ? 'on' : 'off'))
      if (disappearAfter !== undefined) await told('change', socket.groupToggleEphemeral(id, disappearAfter))
      cache.forget(id)
    },
    async picture(id) {
      try {
        return (await told('read', socket.profilePictureUrl(id, 'image'))) ?? null
      } catch (error) {
        // So it says that there is none.
        if (error instanceof BotFault && error.code === 'group-not-found') return null
        throw error
      }
    },
    async setPicture(id, bytes) {
      const content: BinaryNode[] =
        bytes === null ? [] : [{ tag: 'picture', attrs: { type: 'image' }, content: await jpegOf(library, bytes) }]
      const attrs = { to: 's.whatsapp.net', type: 'set', xmlns: 'w:profile:picture', target: id }
      await told('change', socket.query({ tag: 'iq', attrs, content }))
    },
    invite: (id) => told('read', socket.groupInviteCode(id)).then(codeIn),
    revokeInvite: (id) => told('change', socket.groupRevokeInvite(id)).then(codeIn),
    async inviteInfo(code) {
      return factsNamed(factsOf(groupIn(await ask('invite', 'get', anyGroup, { tag: 'invite', attrs: { code } }))))
    },
    async join(code) {
      const [said] = childrenOf(await ask('invite', 'set', anyGroup, { tag: 'invite', attrs: { code } }))
      if (said?.attrs['jid'] === undefined) throw unnamed()
      return { group: said.attrs['jid'], waits: said.tag === 'membership_approval_request' }
    },
    async leave(id) {
      await told('read', socket.groupLeave(id))
      cache.forget(id)
    },
    requests,
    async decide(id, action, wanted) {
      return changed(id, action, wanted, await requests(id), (content) => ({
        tag: 'membership_requests_action',
        attrs: {},
        content: [{ tag: action, attrs: {}, content }],
      }))
    },
  }

  async function requests(id: string): Promise<JoinRequest[]> {
    const answer = await ask('change', 'get', id, { tag: 'membership_approval_requests', attrs: {} })
    return known(childrenOf(childOf(answer, 'membership_approval_requests'), 'membership_approval_request').map(requestOf))
  }
}

/** The caller's words for whom the answer names. */
function askedAs(asked: ReadonlyMap<string, string>, { id, number, hiddenId }: Person): string {
  return asked.get(id) ?? asked.get(chatOf(number ?? '')) ?? asked.get(hiddenId ?? '') ?? number ?? id
}

function participants(jids: readonly string[]): BinaryNode[] {
  return jids.map((jid) => ({ tag: 'participant', attrs: { jid } }))
}

/** Throws what a refusal without a description of the group means. */
function groupIn(answer: BinaryNode): BinaryNode {
  const group = childOf(answer, 'group')
  if (group?.attrs['id'] === undefined) throw unnamed()
  return group
}

function unnamed(): BotFault {
  return new BotFault('whatsapp-refused', 'WhatsApp did not say which group it is')
}

function codeIn(code: string | undefined): string {
  if (code === undefined || code === '') throw new BotFault('whatsapp-refused', 'WhatsApp did not say what the link is')
  return code
}

/** Cut to a square where a library for pictures is there; a JPEG goes as it is where none is. Throws `picture-unusable`. */
async function jpegOf(library: typeof import('baileys'), bytes: Buffer): Promise<Buffer> {
  try {
    return (await library.generateProfilePicture(bytes)).img
  } catch {
    if (bytes.subarray(0, 3).equals(jpegStart)) return bytes
    throw new BotFault('picture-unusable', 'This is no picture that can be turned into a JPEG here; send a JPEG')
  }
}

const jpegStart = Buffer.from([0xff, 0xd8, 0xff])
