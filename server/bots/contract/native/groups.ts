/** Groups: made, read, changed, joined and left. */
import { z } from 'zod'
import type { FaultDefinition, RouteDefinition } from '../../../http/contract.ts'
import { failure, userParams } from '../parts.ts'
import { groupFacts, groupId, groupSettings, groupView, inviteCode, outcomeView, people, requestView } from './group-views.ts'
import { at, ok, refusals } from './messages.ts'
import { exactlyOne, exactlyOneWords, mimetype, sourceFields } from './source.ts'

const groupParams = userParams.extend({ groupId })
const subject = z.string().trim().min(1).max(100)
const description = z.string().max(2_048)
const shared = { tag: 'Groups', access: 'local', right: 'bots:use', params: groupParams } as const
const refused = {
  ...refusals,
  403: failure('The account is not in the group, or is no admin of it'),
  404: failure('No such session, or no such group'),
  409: failure('The session is not online, or the group does not take this change now'),
  429: failure('Too many changes of groups; `Retry-After` says when the next may come'),
  502: failure('WhatsApp refused it'),
  504: failure('WhatsApp did not answer in time'),
}
const done = { 200: { description: 'Done', body: ok }, ...refused }
const outcomes = z.array(outcomeView)
const link = { description: 'The link', body: ok.extend({ code: z.string(), link: z.string() }) }

export const groupRoutes = {
  createGroup: {
    ...shared,
    method: 'POST',
    path: at('/groups'),
    params: userParams,
    summary: 'Make a group',
    description:
      '`people` says of each whether they were added, and if not why; whom only an invitation brings in is not invited by itself.',
    body: z.object({ subject, people }),
    responses: { 201: { description: 'Made', body: ok.extend({ group: groupView, people: outcomes }) }, ...refused },
  },
  group: {
    ...shared,
    method: 'GET',
    path: at('/groups/:groupId'),
    summary: 'One group in full',
    verb: 'write',
    responses: { 200: { description: 'The group', body: ok.extend({ group: groupView }) }, ...refused },
  },
  changeMembers: {
    ...shared,
    method: 'POST',
    path: at('/groups/:groupId/members'),
    summary: 'Add, remove, promote or demote people',
    body: z.object({ action: z.enum(['add', 'remove', 'promote', 'demote']).default('add'), people }),
    responses: { 200: { description: 'What became of each', body: ok.extend({ people: outcomes }) }, ...refused },
  },
  setGroupSubject: {
    ...shared,
    method: 'PUT',
    path: at('/groups/:groupId/subject'),
    summary: 'Change the subject',
    body: z.object({ subject }),
    responses: done,
  },
  setGroupDescription: {
    ...shared,
    method: 'PUT',
    path: at('/groups/:groupId/description'),
    summary: 'Change the description; an empty one removes it',
    body: z.object({ description }),
    responses: done,
  },
  changeGroupSettings: {
    ...shared,
    method: 'PATCH',
    path: at('/groups/:groupId/settings'),
    summary: 'Who sends, edits and adds, who lets people in, and when messages vanish',
    description: 'WhatsApp takes them one by one, in this order: when it refuses one, those before it hold.',
    body: groupSettings.partial().refine((settings) => Object.keys(settings).length > 0, 'one setting at least'),
    responses: done,
  },
  groupPicture: {
    ...shared,
    method: 'GET',
    path: at('/groups/:groupId/picture'),
    summary: 'Where the picture lies',
    verb: 'write',
    responses: {
      200: { description: 'Its address at WhatsApp, null when there is none', body: ok.extend({ url: z.string().nullable() }) },
      ...refused,
    },
  },
  groupPictureImage: {
    ...shared,
    method: 'GET',
    path: at('/groups/:groupId/picture/image'),
    summary: 'The picture itself',
    verb: 'write',
    query: z.object({ size: z.enum(['preview', 'image']).default('image') }),
    responses: {
      ...refused,
      200: { description: 'The picture', contentType: 'image/jpeg' },
      404: failure('No such session, or no picture'),
    },
  },
  setGroupPicture: {
    ...shared,
    method: 'PUT',
    path: at('/groups/:groupId/picture'),
    summary: 'Set the picture',
    description: 'A square JPEG of 640 pixels is what WhatsApp shows.',
    body: z.object({ ...sourceFields, mimetype: mimetype.optional() }).refine(exactlyOne, exactlyOneWords),
    bodyLimit: 23_000_000,
    responses: done,
  },
  removeGroupPicture: {
    ...shared,
    method: 'DELETE',
    path: at('/groups/:groupId/picture'),
    summary: 'Remove the picture',
    responses: done,
  },
  groupInvite: {
    ...shared,
    method: 'GET',
    path: at('/groups/:groupId/invite'),
    summary: 'The link by which people join',
    verb: 'write',
    responses: { 200: link, ...refused },
  },
  revokeGroupInvite: {
    ...shared,
    method: 'DELETE',
    path: at('/groups/:groupId/invite'),
    summary: 'Withdraw the link; the answer is the new one',
    responses: { 200: link, ...refused },
  },
  joinRequests: {
    ...shared,
    method: 'GET',
    path: at('/groups/:groupId/requests'),
    summary: 'Who waits to be let in',
    verb: 'write',
    responses: { 200: { description: 'The oldest first', body: ok.extend({ requests: z.array(requestView) }) }, ...refused },
  },
  decideRequests: {
    ...shared,
    method: 'POST',
    path: at('/groups/:groupId/requests'),
    summary: 'Let people in, or turn them away',
    body: z.object({ action: z.enum(['approve', 'reject']), people }),
    responses: { 200: { description: 'What became of each', body: ok.extend({ people: outcomes }) }, ...refused },
  },
  leaveGroup: {
    ...shared,
    method: 'POST',
    path: at('/groups/:groupId/leave'),
    summary: 'Leave the group',
    responses: done,
  },
  inviteInfo: {
    ...shared,
    method: 'GET',
    path: at('/group-invites/:code'),
    params: userParams.extend({ code: inviteCode }),
    summary: 'Which group a link opens',
    description: '`code` is what `https://chat.whatsapp.com/…` ends with.',
    verb: 'write',
    responses: { 200: { description: 'The group', body: ok.extend({ group: groupFacts }) }, ...refused },
  },
  joinGroup: {
    ...shared,
    method: 'POST',
    path: at('/group-invites/:code'),
    params: userParams.extend({ code: inviteCode }),
    summary: 'Join by a link',
    responses: {
      200: { description: 'Joined; or, when `waits`, asked to be let in', body: ok.extend({ group: z.string(), waits: z.boolean() }) },
      ...refused,
    },
  },
} as const satisfies Record<string, RouteDefinition>

export const groupFaults = {
  'group-not-found': { status: 404, remedy: 'Check the id; the list of groups shows those the account is in.' },
  'group-not-member': { status: 403, remedy: 'Join the group first; what a group says of itself to others is behind its link.' },
  'group-not-admin': { status: 403, remedy: 'Have an admin of the group promote this account.' },
  'group-unacceptable': { status: 400, remedy: 'Correct what was sent; subjects, pictures and ids have bounds of WhatsApp.' },
  'group-conflict': { status: 409, remedy: 'Read the group again: it may be as wanted already.' },
  'group-full': { status: 409, remedy: 'Remove people first, or make another group.' },
  'group-pace': {
    status: 429,
    remedy: 'Wait as long as `Retry-After` says: accounts are banned for joining and adding fast. The bounds are settings of the bot.',
  },
  'invite-invalid': { status: 404, remedy: 'Ask for a new link.' },
  'picture-unusable': { status: 400, remedy: 'Send a JPEG, square, 640 pixels wide.' },
  'whatsapp-overloaded': { status: 429, remedy: 'Wait a minute or more; WhatsApp was asked too much for this account.' },
  'whatsapp-refused': { status: 502, remedy: 'Look at the number in the message; try again later, or do it on the phone.' },
} as const satisfies Record<string, FaultDefinition>
