/** A group as the server describes it. */
import type { BinaryNode } from 'baileys'
import { jidOf, lidOf, type Account, type Accounts, type Group } from './accounts.ts'
import { node } from './nodes.ts'

/** A member, by the id that the group goes by, with the other beside it unless the group hides it. */
export function namedIn({ hides }: Group, account: Account): Record<string, string> {
  const [number, lid] = [jidOf({ account, id: 0 }), lidOf({ account, id: 0 })]
  if (hides === undefined) return { jid: number, lid }
  return { jid: lid, ...(hides === 'with-number' ? { phone_number: number } : {}) }
}

export function groupNode(group: Group, accounts: Accounts): BinaryNode {
  const { id, subject, owner, members, admins = [], hides } = group
  const participants = members.map((number) => {
    const type: Record<string, string> = number === owner ? { type: 'superadmin' } : admins.includes(number) ? { type: 'admin' } : {}
    return node('participant', { ...namedIn(group, accounts.of(number)), ...type })
  })
  const { jid: creator = '', phone_number: creatorNumber } = namedIn(group, accounts.of(owner))
  const attrs = {
    ...{ id: id.replace('@g.us', ''), subject, s_t: '1700000000', creation: '1700000000', creator },
    ...(creatorNumber === undefined ? {} : { creator_pn: creatorNumber }),
    ...{ addressing_mode: hides === undefined ? 'pn' : 'lid', size: String(members.length) },
  }
  return node('group', attrs, [
    ...participants,
    ...(group.description === undefined
      ? []
      : [node('description', { id: 'd1', t: '1700000000' }, [node('body', {}, Buffer.from(group.description))])]),
    ...(group.announces === true ? [node('announcement')] : []),
    ...(group.isLocked === true ? [node('locked')] : []),
    ...(group.approves === true ? [node('membership_approval_mode', {}, [node('group_join', { state: 'on' })])] : []),
    node('member_add_mode', {}, Buffer.from(group.membersAdd === true ? 'all_member_add' : 'admin_add')),
    ...(group.disappearAfter === undefined ? [] : [node('ephemeral', { expiration: String(group.disappearAfter) })]),
    ...(group.community === undefined ? [] : [node('linked_parent', { jid: group.community })]),
    ...(group.part === undefined ? [] : [node(group.part)]),
  ])
}
