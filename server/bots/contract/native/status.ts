/** Statuses: the account's own, and those of others for a day. Off unless the bot is set to have them. */
import { z } from 'zod'
import { isoTime, type FaultDefinition, type RouteDefinition } from '../../../http/contract.ts'
import { failure, messageId, person, userParams } from '../parts.ts'
import { detailsView } from './details.ts'
import { people } from './group-views.ts'
import { at, ok, refusals } from './messages.ts'
import { fileReplies } from './media.ts'
import { mediaView } from './media-view.ts'
import { postContent } from './posts.ts'

export const statusView = z.object({
  id: z.string(),
  /** Who put it up, by WhatsApp id. */
  author: z.string(),
  authorName: z.string().nullable(),
  fromMe: z.boolean(),
  at: isoTime,
  endsAt: isoTime,
  kind: z.string(),
  text: z.string(),
  details: detailsView,
  /** Its picture or video, which is fetched when it is asked for; null where there is none, and of what was put up through here. */
  media: mediaView.nullable(),
})
export type StatusView = z.output<typeof statusView>

export const statusEvent = z.object({
  type: z.literal('status'),
  userId: z.string(),
  what: z.enum(['posted', 'removed']),
  status: statusView,
})

const shared = { tag: 'Status', access: 'local', right: 'bots:use', params: userParams } as const
const refused = {
  ...refusals,
  409: failure('The session is not online, or is not set to have statuses'),
  429: failure('WhatsApp asks to do this more slowly'),
  502: failure('WhatsApp refused it'),
  504: failure('WhatsApp did not answer in time'),
}

export const statusRoutes = {
  statuses: {
    ...shared,
    method: 'GET',
    path: at('/status'),
    summary: 'Statuses of the last 24 hours, the newest first',
    verb: 'write',
    query: z.object({ by: person.optional(), limit: z.coerce.number().int().min(1).max(500).default(100) }),
    responses: { 200: { description: 'Statuses, own ones too', body: ok.extend({ statuses: z.array(statusView) }) }, ...refused },
  },
  postStatus: {
    ...shared,
    method: 'POST',
    path: at('/status'),
    summary: 'Put up a status',
    description:
      'For the people who are named, or for `contacts`: everybody in the address book, as far as the phone has told of it, and everybody there is a chat with. Answers when WhatsApp has it.',
    body: z.intersection(z.object({ to: z.union([z.literal('contacts'), people]) }), postContent),
    bodyLimit: 23_000_000,
    responses: {
      201: { description: 'Put up', body: ok.extend({ status: statusView, people: z.number().int() }) },
      ...refused,
    },
  },
  statusMedia: {
    ...shared,
    method: 'GET',
    path: at('/status/:messageId/media'),
    params: userParams.extend({ messageId }),
    summary: 'The picture, video or sound of a status',
    description: 'Fetched when it is asked for, kept sealed, and gone with the status. `Range` gives a part.',
    verb: 'write',
    bodyType: 'raw',
    responses: fileReplies,
  },
  removeStatus: {
    ...shared,
    method: 'DELETE',
    path: at('/status/:messageId'),
    params: userParams.extend({ messageId }),
    summary: 'Take down a status that was put up through here',
    responses: { 200: { description: 'Taken down', body: ok }, ...refused },
  },
} as const satisfies Record<string, RouteDefinition>

export const statusFaults = {
  'status-off': { status: 409, remedy: 'Switch statuses on in the settings of the bot: `{"ignores": {"status": false}}`.' },
  'status-not-found': { status: 404, remedy: 'Check the id; the list of statuses shows those of the last 24 hours.' },
  'status-for-nobody': { status: 400, remedy: 'Name the people who are to see it; no contacts are known yet.' },
} as const satisfies Record<string, FaultDefinition>
