/** Channels, in which some write in the open to whoever follows. Named by `…@newsletter`; their posts by the server's numbers. */
import type { Details } from './details.ts'
import type { Content } from './outgoing.ts'

export interface Channel {
  id: string
  name: string
  description: string
  /** What its link ends with. */
  invite: string | null
  followers: number
  createdAt: number | null
  verified: boolean
  /** What the account is there; `guest` follows it not. */
  role: 'owner' | 'admin' | 'follower' | 'guest'
  muted: boolean
}

export interface Post {
  /** By which it is reacted to, and paged. */
  serverId: string
  id: string
  at: number
  kind: string
  text: string
  details: Details
  views: number
  reactions: { emoji: string; count: number }[]
}

/** By its id, or by what its link ends with. */
export type ChannelName = { id: string } | { invite: string }

/** All of them throw what `channel-refusals.ts` makes of a refusal. */
export interface ChannelCalls {
  followed(): Promise<Channel[]>
  read(name: ChannelName): Promise<Channel>
  create(name: string, description: string): Promise<Channel>
  follow(id: string, on: boolean): Promise<void>
  mute(id: string, on: boolean): Promise<void>
  /** The newest first; `before` is a post's server id. */
  posts(id: string, page: { limit: number; before: string | null }): Promise<Post[]>
  post(id: string, content: Content, messageId: string): Promise<{ serverId: string }>
  /** An empty emoji takes the reaction back. */
  react(id: string, serverId: string, emoji: string): Promise<void>
}

/** Something that WhatsApp tells of a channel, beside its posts, which are messages. */
export interface ChannelHappening {
  type: 'channel'
  channel: string
  what: 'reaction' | 'views' | 'changed' | 'role'
  /** The post that it is about. */
  serverId: string | null
  emoji: string | null
  views: number | null
  /** What it is called now, and what it says of itself, as far as that changed. */
  name: string | null
  description: string | null
  person: string | null
  role: string | null
}
