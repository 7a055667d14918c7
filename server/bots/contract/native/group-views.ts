/** Groups and people in them, as the API shows and takes them. */
import { z } from 'zod'
import { isoTime } from '../../../http/contract.ts'
import { person } from '../parts.ts'

export const groupId = z.string().regex(/^[0-9-]{5,40}@g\.us$/, 'a group is named by its id, …@g.us')
/** As many as a group holds. */
export const people = z.array(person).min(1).max(1_024)
/** What a link to a group ends with. */
export const inviteCode = z.string().regex(/^[0-9A-Za-z_-]{6,60}$/, 'a code is what the link ends with')

export const personView = z.object({
  /** As WhatsApp names them here; what routes take. */
  id: z.string(),
  /** Digits; null where WhatsApp says a hidden id alone. */
  number: z.string().nullable(),
  hiddenId: z.string().nullable(),
})

const whom = z.enum(['everyone', 'admins'])
const disappearAfter = z.number().int().min(0).max(31_536_000)
export const groupSettings = z.object({
  /** Who writes; who changes subject, description, picture and timer; who adds people. */
  send: whom,
  edit: whom,
  add: whom,
  /** Who comes by the link waits for an admin. */
  approval: z.boolean(),
  /** Seconds after which messages vanish; 0: never. WhatsApp offers 86400, 604800 and 7776000. */
  disappearAfter,
})

export const groupFacts = z.object({
  id: z.string(),
  subject: z.string(),
  description: z.string(),
  owner: personView.nullable(),
  createdAt: isoTime.nullable(),
  size: z.number().int(),
  /** Messages in it name people by hidden ids. */
  hidesNumbers: z.boolean(),
  settings: groupSettings,
  /** The id of the community it belongs to. */
  community: z.string().nullable(),
  /** `community` stands for a whole community; in `announcements` its admins write to all of it. */
  kind: z.enum(['group', 'community', 'announcements']),
})
export type GroupFactsView = z.output<typeof groupFacts>

export const groupView = groupFacts.extend({
  members: z.array(personView.extend({ role: z.enum(['owner', 'admin', 'member']) })),
})
export type GroupView = z.output<typeof groupView>

/** What became of one person: WhatsApp may take some of a change and not others. */
export const outcomeView = personView.extend({
  /** As the call named them. */
  asked: z.string(),
  /**
   * `done`; `invite-only`: their settings let nobody add them; `no-account`; `left-recently`: they left and cannot be added for a while;
   * `already-so`: they are in it, or are not, already; `blocked-you`; `group-full`; `not-allowed`; `refused`: by a number in `code`.
   */
  outcome: z.enum([
    'done',
    'invite-only',
    'no-account',
    'left-recently',
    'already-so',
    'blocked-you',
    'group-full',
    'not-allowed',
    'refused',
  ]),
  /** WhatsApp's number for it. */
  code: z.number().int(),
  /** The invitation that WhatsApp would take in the place of adding them; it is not sent by itself. */
  invite: z.object({ code: z.string(), expiresAt: isoTime.nullable() }).nullable(),
})

export const requestView = personView.extend({
  at: isoTime.nullable(),
  /** `invite_link`, `linked_group_join` (by way of the community), `non_admin_add` (a member wants to add them). */
  method: z.string(),
})

/** What happens in groups, whoever does it. */
export const groupEvent = z.object({
  /** The same when WhatsApp tells it again. */
  id: z.string(),
  group: z.string(),
  what: z.enum([
    'created',
    'joined',
    'left',
    'removed',
    'promoted',
    'demoted',
    'number-changed',
    'subject',
    'description',
    'picture',
    'settings',
    'link',
    'join-requested',
    'join-withdrawn',
    'join-rejected',
    'ended',
  ]),
  at: isoTime,
  /** Who did it; null where WhatsApp does not say. */
  by: personView.nullable(),
  /** Whom it is about. */
  people: z.array(personView),
  /** The new subject or description; `set` or `removed` of a picture; the new code of the link. */
  text: z.string().nullable(),
  /** What changed of them. */
  settings: groupSettings.partial().nullable(),
})
export type GroupEvent = z.output<typeof groupEvent>
