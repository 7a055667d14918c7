/** Groups as the room knows them, and what a connection does with them. People and groups by their WhatsApp ids (`address.ts`). */

/** A person as a group names them: by number or by hidden id, with the other beside it where that is known. */
export interface Person {
  id: string
  /** Digits. */
  number: string | null
  hiddenId: string | null
}

export interface Member extends Person {
  role: 'owner' | 'admin' | 'member'
}

export interface GroupSettings {
  /** Who writes, who changes subject, description, picture and timer, who adds people. */
  send: Whom
  edit: Whom
  add: Whom
  /** Who comes by the link waits for an admin. */
  approval: boolean
  /** Seconds after which messages vanish; 0: never. */
  disappearAfter: number
}

export type GroupSettingsChange = { [Name in keyof GroupSettings]?: GroupSettings[Name] | undefined }

export type Whom = 'everyone' | 'admins'

/** What a group says of itself to whoever has its link. */
export interface GroupFacts {
  id: string
  subject: string
  description: string
  owner: Person | null
  createdAt: number | null
  size: number
  /** Messages are addressed by hidden ids. */
  hidesNumbers: boolean
  settings: GroupSettings
  /** The community it belongs to. */
  community: string | null
  /** `community`: the group that stands for a whole community. `announcements`: the one in which its admins write to all. */
  kind: 'group' | 'community' | 'announcements'
}

export interface Group extends GroupFacts {
  members: Member[]
}

export interface GroupView {
  id: string
  subject: string
  members: number
}

/** What became of one person whom a change named. */
export interface Outcome extends Person {
  /** As the caller named them. */
  asked: string
  outcome: OutcomeWord
  /** WhatsApp's number for it, 200 when it was done. */
  code: number
  /** With which the person can be invited instead; WhatsApp takes it until then (ms). */
  invite: { code: string; expiresAt: number | null } | null
}

export type OutcomeWord =
  'done' | 'invite-only' | 'no-account' | 'left-recently' | 'already-so' | 'blocked-you' | 'group-full' | 'not-allowed' | 'refused'

export interface JoinRequest extends Person {
  at: number | null
  /** `invite_link`, `linked_group_join`, `non_admin_add`: WhatsApp's own words. */
  method: string
}

export type MemberChange = 'add' | 'remove' | 'promote' | 'demote'

/** All of them throw what `group-refusals.ts` makes of a refusal. */
export interface GroupCalls {
  /** The groups that the account is in. */
  list(): Promise<GroupView[]>
  read(id: string): Promise<Group>
  create(subject: string, people: readonly string[]): Promise<{ group: Group; people: Outcome[] }>
  changeMembers(id: string, change: MemberChange, people: readonly string[]): Promise<Outcome[]>
  setSubject(id: string, subject: string): Promise<void>
  setDescription(id: string, description: string): Promise<void>
  /** One by one, in the order of the settings. */
  set(id: string, settings: GroupSettingsChange): Promise<void>
  /** Where the picture lies; null when there is none. */
  picture(id: string): Promise<string | null>
  /** JPEG bytes as they are, another format where it can be turned into that; null removes it. */
  setPicture(id: string, bytes: Buffer | null): Promise<void>
  /** What a link ends with. */
  invite(id: string): Promise<string>
  /** The old one opens nothing any more; the new one. */
  revokeInvite(id: string): Promise<string>
  inviteInfo(code: string): Promise<GroupFacts>
  /** The id of the group; `waits` when an admin is to let the account in. */
  join(code: string): Promise<{ group: string; waits: boolean }>
  leave(id: string): Promise<void>
  requests(id: string): Promise<JoinRequest[]>
  decide(id: string, action: 'approve' | 'reject', people: readonly string[]): Promise<Outcome[]>
}

export type GroupWhat =
  | 'created'
  | 'joined'
  | 'left'
  | 'removed'
  | 'promoted'
  | 'demoted'
  | 'number-changed'
  | 'subject'
  | 'description'
  | 'picture'
  | 'settings'
  | 'link'
  | 'join-requested'
  | 'join-withdrawn'
  | 'join-rejected'
  | 'ended'

/** Something that somebody did in a group. */
export interface GroupHappening {
  type: 'group'
  /** WhatsApp's, the same when it tells it again. */
  id: string
  group: string
  what: GroupWhat
  at: number
  by: Person | null
  /** Whom it is about. */
  people: Person[]
  /** The new subject or description, the new code of the link; `set` or `removed` of a picture. */
  text: string | null
  settings: Partial<GroupSettings> | null
}
