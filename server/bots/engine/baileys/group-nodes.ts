/** Groups as they stand in WhatsApp's stanzas: the library leaves out who was not added, and who did what. */
import type { BinaryNode } from 'baileys'
import { numberOf } from '../address.ts'
import { outcomeOf } from '../group-refusals.ts'
import type { Group, GroupFacts, GroupSettings, JoinRequest, Member, Outcome, Person } from '../groups.ts'
import { childrenOf, childOf, msOf, textOf } from './nodes.ts'

type Attributes = Readonly<Record<string, string>>

export function groupOf(node: BinaryNode): Group {
  const members = childrenOf(node, 'participant').filter(({ attrs }) => attrs['error'] === undefined)
  return { ...factsOf(node, members.length), members: members.map(memberOf) }
}

export function factsOf(node: BinaryNode, counted = childrenOf(node, 'participant').length): GroupFacts {
  const { id = '', subject = '', creator, creator_pn: number, creator_lid: lid, creation, size, addressing_mode: mode } = node.attrs
  const has = (tag: string): boolean => childOf(node, tag) !== undefined
  return {
    id: id.includes('@') ? id : `${id}@g.us`,
    subject,
    description: textOf(childOf(childOf(node, 'description'), 'body')),
    owner: creator === undefined ? null : personOf({ jid: creator, phone_number: number, lid }),
    createdAt: msOf(creation),
    size: Number(size) || counted,
    hidesNumbers: mode === 'lid',
    settings: settingsOf(node),
    community: childOf(node, 'linked_parent')?.attrs['jid'] ?? null,
    kind: has('parent') ? 'community' : has('default_sub_group') ? 'announcements' : 'group',
  }
}

function settingsOf(node: BinaryNode): GroupSettings {
  const has = (tag: string): boolean => childOf(node, tag) !== undefined
  return {
    send: has('announcement') ? 'admins' : 'everyone',
    edit: has('locked') ? 'admins' : 'everyone',
    add: textOf(childOf(node, 'member_add_mode')) === 'all_member_add' ? 'everyone' : 'admins',
    approval: approves(childOf(node, 'membership_approval_mode')),
    disappearAfter: Number(childOf(node, 'ephemeral')?.attrs['expiration']) || 0,
  }
}

/** What one part of a notice says of the settings; null when it says something else. */
export function settingIn(part: BinaryNode): Partial<GroupSettings> | null {
  switch (part.tag) {
    case 'announcement':
    case 'not_announcement':
      return { send: part.tag === 'announcement' ? 'admins' : 'everyone' }
    case 'locked':
    case 'unlocked':
      return { edit: part.tag === 'locked' ? 'admins' : 'everyone' }
    case 'member_add_mode':
      return { add: textOf(part) === 'all_member_add' ? 'everyone' : 'admins' }
    case 'membership_approval_mode':
      return { approval: approves(part) }
    case 'ephemeral':
    case 'not_ephemeral':
      return { disappearAfter: part.tag === 'ephemeral' ? Number(part.attrs['expiration']) || 0 : 0 }
    default:
      return null
  }
}

function approves(mode: BinaryNode | undefined): boolean {
  return mode !== undefined && childOf(mode, 'group_join')?.attrs['state'] !== 'off'
}

export function personOf({
  jid = '',
  phone_number: number,
  lid,
}: { [Name in 'jid' | 'phone_number' | 'lid']?: string | undefined }): Person {
  const isHidden = jid.endsWith('@lid')
  return {
    id: jid,
    number: numberOf(isHidden ? (number ?? '') : jid),
    hiddenId: isHidden ? jid : (lid ?? null),
  }
}

function memberOf({ attrs }: BinaryNode): Member {
  const role = attrs['type'] === 'superadmin' ? 'owner' : attrs['type'] === 'admin' ? 'admin' : 'member'
  return { ...personOf(attrs), role }
}

export function personOutcome(node: BinaryNode): Omit<Outcome, 'asked'> {
  const { attrs } = node
  const code = attrs['error'] === undefined ? 200 : Number(attrs['error']) || 0
  const request = childOf(node, 'add_request')?.attrs
  const invite = request?.['code'] === undefined ? null : { code: request['code'], expiresAt: msOf(request['expiration']) }
  return { ...personOf(attrs), outcome: outcomeOf(code), code, invite }
}

export function requestOf({ attrs }: BinaryNode): JoinRequest {
  return { ...personOf(attrs), at: msOf(attrs['request_time']), method: attrs['request_method'] ?? '' }
}

/** Who did what a notice tells. */
export function actorOf({ participant, participant_pn: number, participant_lid: lid }: Attributes): Person | null {
  return participant === undefined ? null : personOf({ jid: participant, phone_number: number, lid })
}
