/** Channels: posts in the open for whoever follows, with their reactions, views and changes. */
import { proto, QueryIds, XWAPaths, type BinaryNode } from 'baileys'
import type { Accounts, Device } from './accounts.ts'
import type { Deliveries } from './deliveries.ts'
import { mexError, mexQuery, mexResult } from './mex.ts'
import { child, node, refusal, result, seconds } from './nodes.ts'

export interface Channel {
  /** `…@newsletter`. */
  id: string
  name: string
  description: string
  /** Its link ends with it. */
  invite: string
  owner: string
  /** Numbers. */
  followers: Set<string>
  posts: { serverId: string; id: string; t: string; message: Uint8Array; reactions: Map<string, string>; views: number }[]
  /** Numbers that hear nothing of it. */
  muted: Set<string>
}

export class Channels {
  readonly #accounts: Accounts
  readonly #deliveries: Deliveries
  readonly #channels = new Map<string, Channel>()
  #lastId = 100
  readonly #refusals = new Map<string, number>()

  constructor(accounts: Accounts, deliveries: Deliveries) {
    this.#accounts = accounts
    this.#deliveries = deliveries
  }

  add({
    followers = [],
    description = '',
    ...more
  }: Pick<Channel, 'id' | 'name' | 'owner'> & { description?: string; followers?: string[] }): Channel {
    const channel = {
      ...more,
      description,
      invite: `pretend${more.id.slice(0, 6)}`,
      followers: new Set(followers),
      posts: [],
      muted: new Set<string>(),
    }
    this.#channels.set(channel.id, channel)
    return channel
  }

  /** Queries of this id are answered with an error. */
  refuse(query: string, code: number): void {
    this.#refusals.set(query, code)
  }

  /** Its owner posts; a linked device of the owner does so by itself. */
  post(id: string, message: proto.IMessage, messageId = `post-${this.#lastId}`): string {
    return this.#publish(this.get(id), messageId, 'text', proto.Message.encode(message).finish())
  }

  /** A follower's reaction to a post, or how many have seen it. */
  tell(id: string, serverId: string, news: { reaction: string } | { views: number }): void {
    const what =
      'reaction' in news
        ? node('reaction', { message_id: serverId }, [node('reaction', {}, Buffer.from(news.reaction))])
        : node('view', { message_id: serverId }, Buffer.from(String(news.views)))
    this.#notify(this.get(id), what)
  }

  rename(id: string, name: string): void {
    const channel = this.get(id)
    channel.name = name
    this.#notify(channel, node('update', {}, [node('settings', {}, [node('name', {}, Buffer.from(name))])]))
  }

  /** True when the message was a post to a channel. */
  take(message: BinaryNode, from: Device): boolean {
    const channel = this.#channels.get(message.attrs['to'] ?? '')
    if (channel === undefined) return false
    const { id = '', type = 'text', server_id: reacted } = message.attrs
    const content = child(message, 'plaintext')?.content
    const ack = { class: 'message', id, from: channel.id, t: seconds() }
    if (content instanceof Uint8Array && channel.owner !== from.account.number) {
      from.connection?.send(node('ack', { ...ack, error: '403' }))
      return true
    }
    const post = channel.posts.find(({ serverId }) => serverId === reacted)
    const emoji = child(message, 'reaction')?.attrs['code']
    if (emoji !== undefined) post?.reactions.set(from.account.number, emoji)
    else if (reacted !== undefined) post?.reactions.delete(from.account.number)
    const serverId = content instanceof Uint8Array ? this.#publish(channel, id, type, content, from) : (reacted ?? '')
    from.connection?.send(node('ack', { ...ack, server_id: serverId }))
    return true
  }

  answer(request: BinaryNode, device: Device): BinaryNode | null {
    if (request.attrs['xmlns'] === 'newsletter') return this.#answerPosts(request)
    const query = mexQuery(request)
    if (query === null) return null
    const refused = this.#refusals.get(query.id)
    if (refused !== undefined) return mexError(request, refused, 'GraphQL server error: refused')
    if (query.id === subscribedQuery) {
      const own = [...this.#channels.values()].filter(({ owner, followers }) => [owner, ...followers].includes(device.account.number))
      return mexResult(request, { xwa2_newsletter_subscribed: [...own.map((each) => view(each, device)), null] })
    }
    const { newsletter_id: id, input } = query.variables as {
      newsletter_id?: string
      input?: { key?: string; name?: string; description?: string }
    } // the library's own
    if (query.id === QueryIds.CREATE) {
      const made = this.add({
        ...{
          id: `1203639${String((this.#lastId += 1)).padStart(11, '0')}@newsletter`,
          name: input?.name ?? '',
          owner: device.account.number,
        },
        description: input?.description ?? '',
      })
      return mexResult(request, { [XWAPaths.xwa2_newsletter_create]: view(made, device) })
    }
    const wanted = id ?? input?.key ?? ''
    const channel = this.#channels.get(wanted) ?? [...this.#channels.values()].find(({ invite }) => invite === wanted)
    const path = paths[query.id]
    if (path === undefined) return null
    if (channel === undefined) return mexError(request, 404, 'GraphQL server error: not found')
    if (query.id === QueryIds.FOLLOW) channel.followers.add(device.account.number)
    if (query.id === QueryIds.MUTE) channel.muted.add(device.account.number)
    if (query.id === QueryIds.UNMUTE) channel.muted.delete(device.account.number)
    if (query.id === QueryIds.UNFOLLOW) channel.followers.delete(device.account.number)
    return mexResult(request, { [path]: view(channel, device) })
  }

  #answerPosts(request: BinaryNode): BinaryNode {
    const wanted = child(request, 'messages')?.attrs
    if (wanted !== undefined) return this.#answerPage(request, wanted)
    const channel = this.#channels.get(request.attrs['to'] ?? '')
    if (child(request, 'live_updates') !== undefined) return result(request, [node('live_updates', { duration: '300' })])
    const posts = (channel?.posts ?? []).map(({ serverId, id, t, message }) =>
      node('message', { server_id: serverId, id, t, type: 'text' }, [node('plaintext', {}, message)]),
    )
    return result(request, [node('message_updates', { jid: channel?.id ?? '', t: seconds() }, [node('messages', {}, posts)])])
  }

  /** Posts in full, the newest that were asked for. */
  #answerPage(request: BinaryNode, { jid = '', count, before }: Record<string, string>): BinaryNode {
    const channel = this.#channels.get(jid)
    if (channel === undefined) return refusal(request, 404, 'item-not-found')
    const page = channel.posts.filter(({ serverId }) => before === undefined || Number(serverId) < Number(before)).slice(-Number(count))
    const posts = page.map(({ serverId, id, t, message, reactions, views }) => {
      const codes = [...new Set(reactions.values())]
      const counted = codes.map((code) =>
        node('reaction', { code, count: String([...reactions.values()].filter((each) => each === code).length) }),
      )
      const seen = node('views_count', { count: String(views) })
      return node('message', { server_id: serverId, id, t, type: 'text' }, [
        node('plaintext', {}, message),
        seen,
        node('reactions', {}, counted),
      ])
    })
    return result(request, [node('messages', { jid, t: seconds() }, posts)])
  }

  #publish(channel: Channel, id: string, type: string, message: Uint8Array, author?: Device): string {
    this.#lastId += 1
    const serverId = String(this.#lastId)
    const t = seconds()
    channel.posts.push({ serverId, id, t, message, reactions: new Map(), views: 0 })
    this.#send(channel, node('message', { from: channel.id, id, server_id: serverId, t, type }, [node('plaintext', {}, message)]), author)
    return serverId
  }

  #notify(channel: Channel, what: BinaryNode): void {
    this.#lastId += 1
    this.#send(channel, node('notification', { from: channel.id, type: 'newsletter', id: `news-${this.#lastId}`, t: seconds() }, [what]))
  }

  #send({ owner, followers }: Channel, stanza: BinaryNode, author?: Device): void {
    for (const number of new Set([owner, ...followers]))
      for (const device of this.#accounts.of(number).devices.values()) if (device !== author) this.#deliveries.deliver(device, stanza)
  }

  get(id: string): Channel {
    const channel = this.#channels.get(id)
    if (channel === undefined) throw new Error(`there is no channel ${id}`)
    return channel
  }
}

/** Of all channels that an account follows: the library has no name for it. */
const subscribedQuery = '6388546374527196'

const paths: Readonly<Record<string, string>> = {
  [QueryIds.METADATA]: XWAPaths.xwa2_newsletter_metadata,
  [QueryIds.FOLLOW]: XWAPaths.xwa2_newsletter_join_v2,
  [QueryIds.UNFOLLOW]: XWAPaths.xwa2_newsletter_leave_v2,
  [QueryIds.MUTE]: XWAPaths.xwa2_newsletter_mute_v2,
  [QueryIds.UNMUTE]: XWAPaths.xwa2_newsletter_unmute_v2,
  [QueryIds.SUBSCRIBERS]: XWAPaths.xwa2_newsletter_subscribers,
}

function view({ id, name, description, invite, owner, followers, muted }: Channel, { account: { number } }: Device): object {
  return {
    id,
    state: { type: 'ACTIVE' },
    thread_metadata: {
      creation_time: '1700000000',
      name: { id: '1', text: name, update_time: '1700000000' },
      description: { id: '1', text: description, update_time: '1700000000' },
      invite,
      subscribers_count: String(followers.size),
      verification: 'UNVERIFIED',
      picture: { id: '', direct_path: '', type: 'IMAGE' },
    },
    viewer_metadata: {
      mute: muted.has(number) ? 'ON' : 'OFF',
      role: number === owner ? 'OWNER' : followers.has(number) ? 'SUBSCRIBER' : 'GUEST',
    },
  }
}
