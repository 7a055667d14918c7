/** Channels: those the account follows, what stands in them, and those it writes itself. Off unless the bot is set to have them. */
import { z } from 'zod'
import { isoTime, type FaultDefinition, type RouteDefinition } from '../../../http/contract.ts'
import { failure, userParams } from '../parts.ts'
import { detailsView } from './details.ts'
import { inviteCode } from './group-views.ts'
import { at, ok, refusals } from './messages.ts'
import { postContent } from './posts.ts'

const channelId = z.string().regex(/^[0-9]{5,40}@newsletter$/, 'a channel is named by its id, …@newsletter')
const serverId = z.string().regex(/^[0-9]{1,20}$/)
const channelParams = userParams.extend({ channelId })

export const channelView = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  /** What its link, `https://whatsapp.com/channel/…`, ends with. */
  invite: z.string().nullable(),
  followers: z.number().int(),
  createdAt: isoTime.nullable(),
  verified: z.boolean(),
  /** What the account is there. */
  role: z.enum(['owner', 'admin', 'follower', 'guest']),
  muted: z.boolean(),
})

const postView = z.object({
  /** By which it is reacted to, and paged. */
  serverId: z.string(),
  id: z.string(),
  at: isoTime,
  kind: z.string(),
  text: z.string(),
  details: detailsView,
  views: z.number().int(),
  reactions: z.array(z.object({ emoji: z.string(), count: z.number().int() })),
})

/** Told beside the posts, which are messages. */
export const channelEvent = z.object({
  type: z.literal('channel'),
  userId: z.string(),
  channel: z.string(),
  what: z.enum(['reaction', 'views', 'changed', 'role']),
  serverId: z.string().nullable(),
  emoji: z.string().nullable(),
  views: z.number().int().nullable(),
  name: z.string().nullable(),
  description: z.string().nullable(),
  person: z.string().nullable(),
  role: z.string().nullable(),
})

const shared = { tag: 'Channels', access: 'local', right: 'bots:use', params: channelParams } as const
const refused = {
  ...refusals,
  403: failure('The account may not do that there'),
  404: failure('No such session, or no such channel'),
  409: failure('The session is not online, or is not set to have channels'),
  429: failure('WhatsApp asks to do this more slowly'),
  502: failure('WhatsApp refused it'),
  504: failure('WhatsApp did not answer in time'),
}
const done = { 200: { description: 'Done', body: ok }, ...refused }
const shown = { 200: { description: 'The channel', body: ok.extend({ channel: channelView }) }, ...refused }

export const channelRoutes = {
  channels: {
    ...shared,
    method: 'GET',
    path: at('/channels'),
    params: userParams,
    summary: 'Channels the account follows or has',
    verb: 'write',
    responses: { 200: { description: 'Channels', body: ok.extend({ channels: z.array(channelView) }) }, ...refused },
  },
  createChannel: {
    ...shared,
    method: 'POST',
    path: at('/channels'),
    params: userParams,
    summary: 'Make a channel',
    body: z.object({ name: z.string().trim().min(1).max(100), description: z.string().max(2_048).default('') }),
    responses: { 201: { description: 'Made', body: ok.extend({ channel: channelView }) }, ...refused },
  },
  channel: { ...shared, method: 'GET', path: at('/channels/:channelId'), summary: 'One channel', verb: 'write', responses: shown },
  channelByLink: {
    ...shared,
    method: 'GET',
    path: at('/channel-invites/:code'),
    params: userParams.extend({ code: inviteCode }),
    summary: 'Which channel a link opens',
    verb: 'write',
    responses: shown,
  },
  followChannel: {
    ...shared,
    method: 'POST',
    path: at('/channels/:channelId/follow'),
    summary: 'Follow, or follow no more',
    body: z.object({ on: z.boolean().default(true) }),
    responses: done,
  },
  muteChannel: {
    ...shared,
    method: 'POST',
    path: at('/channels/:channelId/mute'),
    summary: 'Mute, or mute no more',
    body: z.object({ on: z.boolean().default(true) }),
    responses: done,
  },
  channelPosts: {
    ...shared,
    method: 'GET',
    path: at('/channels/:channelId/messages'),
    summary: 'What stands in a channel, the newest first',
    verb: 'write',
    query: z.object({ before: serverId.optional(), limit: z.coerce.number().int().min(1).max(100).default(50) }),
    responses: { 200: { description: 'Posts', body: ok.extend({ messages: z.array(postView) }) }, ...refused },
  },
  postToChannel: {
    ...shared,
    method: 'POST',
    path: at('/channels/:channelId/messages'),
    summary: 'Post in a channel of the account',
    description: 'Answers when WhatsApp has it.',
    body: postContent,
    bodyLimit: 23_000_000,
    responses: { 201: { description: 'Posted', body: ok.extend({ messageId: z.string(), serverId: z.string() }) }, ...refused },
  },
  reactInChannel: {
    ...shared,
    method: 'POST',
    path: at('/channels/:channelId/messages/:serverId/reaction'),
    params: channelParams.extend({ serverId }),
    summary: 'React to a post; an empty emoji takes it back',
    body: z.object({ emoji: z.string().max(32) }),
    responses: done,
  },
} as const satisfies Record<string, RouteDefinition>

export const channelFaults = {
  'channels-off': { status: 409, remedy: 'Switch channels on in the settings of the bot: `{"ignores": {"channels": false}}`.' },
  'channel-not-found': { status: 404, remedy: 'Check the id or the link; the list of channels shows those the account follows.' },
  'channel-not-allowed': { status: 403, remedy: 'Only its owner and admins write in a channel, and who follows it reacts.' },
  'channel-unacceptable': { status: 400, remedy: 'Correct what was sent; names, texts and ids have bounds of WhatsApp.' },
} as const satisfies Record<string, FaultDefinition>
