/** Binds the routes of channels. */
import { iso } from '../../clock.ts'
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { channelRoutes } from '../contract/native/channels.ts'
import type { Channel, ChannelCalls, Post } from '../engine/channels.ts'
import { BotFault } from '../fault.ts'
import type { Media } from '../media/media.ts'
import { postOf } from '../outgoing/post-content.ts'
import type { BotService } from '../service.ts'
import { isoOrNull } from './views.ts'

export interface ChannelRouteParts {
  service: BotService
  media: Media
  newMessageId(): string
}

export function channelHandlers({ service, media, newMessageId }: ChannelRouteParts): Handlers<Contract<typeof channelRoutes>['routes']> {
  const ok = { status: 200 as const, body: { success: true as const } }
  const shown = (channel: Channel) => ({ status: 200 as const, body: { success: true as const, channel: channelView(channel) } })
  const of = ({ userId }: { userId: string }): ChannelCalls => {
    const { row, live } = service.get(userId)
    if (row.settings.ignores.channels) throw new BotFault('channels-off', 'This session is not set to have channels')
    if (live === null) throw new BotFault('bot-not-online', 'This session is not online')
    return live.channels
  }
  return {
    channels: async ({ params }) => ({
      status: 200,
      body: { success: true, channels: (await of(params).followed()).map(channelView) },
    }),
    createChannel: async ({ params, body }) => ({
      status: 201,
      body: { success: true, channel: channelView(await of(params).create(body.name, body.description)) },
    }),
    channel: async ({ params }) => shown(await of(params).read({ id: params.channelId })),
    channelByLink: async ({ params }) => shown(await of(params).read({ invite: params.code })),
    followChannel: async ({ params, body }) => {
      await of(params).follow(params.channelId, body.on)
      return ok
    },
    muteChannel: async ({ params, body }) => {
      await of(params).mute(params.channelId, body.on)
      return ok
    },
    channelPosts: async ({ params, query }) => {
      const posts = await of(params).posts(params.channelId, { limit: query.limit, before: query.before ?? null })
      return { status: 200, body: { success: true, messages: posts.map(postView) } }
    },
    postToChannel: async ({ params, body }, call) => {
      const channels = of(params)
      const content = await postOf(body, (source, kind) => media.sources.open(params.userId, source, kind, call.signal))
      const messageId = newMessageId()
      return { status: 201, body: { success: true, messageId, ...(await channels.post(params.channelId, content, messageId)) } }
    },
    reactInChannel: async ({ params, body }) => {
      await of(params).react(params.channelId, params.serverId, body.emoji)
      return ok
    },
  }
}

function channelView({ createdAt, ...channel }: Channel) {
  return { ...channel, createdAt: isoOrNull(createdAt) }
}

function postView({ at, ...post }: Post) {
  return { ...post, at: iso(at) }
}
