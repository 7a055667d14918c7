/** Calls about channels, and what the library tells of them. */
import type { BinaryNode, WASocket } from 'baileys'
import { BotFault } from '../../fault.ts'
import { channelRefusalOf } from '../channel-refusals.ts'
import type { ChannelCalls, ChannelHappening } from '../channels.ts'
import { postProblem } from '../post-refusals.ts'
import { channelOf, postsIn } from './channel-nodes.ts'
import { childOf, textOf } from './nodes.ts'
import type { Sender } from './sending.ts'

export interface ChannelCallParts {
  library: typeof import('baileys')
  socket: WASocket
  sender: Sender
}

/** The query that the library has no call for: all channels that the account follows. */
const followedQuery = { id: '6388546374527196', path: 'xwa2_newsletter_subscribed' } as const
const server = 's.whatsapp.net'
const unsaid = 'WhatsApp answered with nothing that says whether it was done'

export function createChannelCalls({ library, socket, sender }: ChannelCallParts): ChannelCalls {
  const told = <Answer>(answer: Promise<Answer>): Promise<Answer> => sender.answered(answer.catch(translated), channelRefusalOf)

  async function ask(id: string, path: string, variables: object): Promise<unknown> {
    const content = Buffer.from(JSON.stringify({ variables }))
    const attrs = { type: 'get', to: server, xmlns: 'w:mex' }
    const answer = await told(
      socket.query({ tag: 'iq', attrs, content: [{ tag: 'query', attrs: { query_id: id }, content }] }) as Promise<BinaryNode>, // what a query answers with
    )
    const said = jsonIn(textOf(childOf(answer, 'result')))
    const [error] = listIn(said, 'errors')
    if (error !== undefined) throw channelRefusalOf(codeOf(error) ?? 500)
    return Reflect.get(Object(Reflect.get(Object(said), 'data')), path)
  }

  async function read(type: 'JID' | 'INVITE', key: string): Promise<unknown> {
    const variables = { fetch_creation_time: true, fetch_full_image: false, fetch_viewer_metadata: true, input: { key, type } }
    return ask(library.QueryIds.METADATA, library.XWAPaths.xwa2_newsletter_metadata, variables)
  }

  const channelIn = (said: unknown) => {
    const channel = channelOf(said)
    if (channel === null) throw new BotFault('channel-not-found', 'There is no such channel')
    return channel
  }

  return {
    async followed() {
      const said = await ask(followedQuery.id, followedQuery.path, {})
      return (Array.isArray(said) ? said : []).flatMap((each: unknown) => channelOf(each) ?? [])
    },
    read: async (name) => channelIn(await ('id' in name ? read('JID', name.id) : read('INVITE', name.invite))),
    async create(name, description) {
      const input = { name, description: description === '' ? null : description }
      const made = channelOf(await ask(library.QueryIds.CREATE, library.XWAPaths.xwa2_newsletter_create, { input }))
      // It may be there all the same.
      if (made === null) throw new BotFault('whatsapp-refused', unsaid)
      return made
    },
    follow: async (id, on) => void (await told(on ? socket.newsletterFollow(id) : socket.newsletterUnfollow(id))),
    mute: async (id, on) => void (await told(on ? socket.newsletterMute(id) : socket.newsletterUnmute(id))),
    async posts(id, { limit, before }) {
      const attrs = { type: 'jid', jid: id, count: String(limit), ...(before === null ? {} : { before }) }
      const answer = await told(
        socket.query({
          tag: 'iq',
          attrs: { type: 'get', to: server, xmlns: 'newsletter' },
          content: [{ tag: 'messages', attrs }],
        }) as Promise<BinaryNode>, // what a query answers with
      )
      return postsIn(childOf(answer, 'messages'), library)
    },
    async post(id, content, messageId) {
      const acknowledged = socket.waitForMessage<BinaryNode>(messageId)
      // Told by `send` as well, which has the words for it.
      acknowledged.catch(() => {})
      try {
        await (
          await sender.send(id, content, { id: messageId, replyTo: null, timer: 0 })
        ).confirmed
      } catch (error) {
        throw postProblem(error, channelRefusalOf)
      }
      return { serverId: (await acknowledged)?.attrs['server_id'] ?? '' }
    },
    react: (id, serverId, emoji) => told(socket.newsletterReactMessage(id, serverId, emoji === '' ? undefined : emoji)),
  }
}

export function hearChannels(socket: WASocket, happened: (happening: ChannelHappening) => void): void {
  const tell = (channel: string, what: ChannelHappening['what'], said: Partial<ChannelHappening>): void =>
    happened({
      ...{
        type: 'channel',
        channel,
        what,
        serverId: null,
        emoji: null,
        views: null,
        name: null,
        description: null,
        person: null,
        role: null,
      },
      ...said,
    })
  socket.ev.on('newsletter.reaction', ({ id, server_id: serverId, reaction }) =>
    tell(id, 'reaction', { serverId, emoji: reaction.code ?? null }),
  )
  socket.ev.on('newsletter.view', ({ id, server_id: serverId, count }) => tell(id, 'views', { serverId, views: count }))
  socket.ev.on('newsletter-participants.update', ({ id, user, new_role: role }) => tell(id, 'role', { person: user, role }))
  socket.ev.on('newsletter-settings.update', ({ id, update }) =>
    tell(id, 'changed', { name: wordsOf(update.name), description: wordsOf(update.description) }),
  )
}

/** It comes as text, or as an object with the text in it. */
function wordsOf(said: unknown): string | null {
  const text: unknown = typeof said === 'object' && said !== null ? Reflect.get(said, 'text') : said
  return typeof text === 'string' ? text : null
}

/** What the library makes of a refusal in JSON. */
function translated(error: unknown): never {
  const code = codeOf(Reflect.get(Object(error), 'data'))
  if (code !== null) throw channelRefusalOf(code)
  if (error instanceof Error && error.message.includes('unexpected response structure')) throw new BotFault('whatsapp-refused', unsaid)
  throw error
}

function codeOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('message' in error)) return null
  return Number(Reflect.get(Object(Reflect.get(error, 'extensions')), 'error_code')) || 400
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text || '{}')
  } catch {
    throw new BotFault('whatsapp-refused', 'WhatsApp answered with something that cannot be read here')
  }
}

function listIn(said: unknown, name: string): unknown[] {
  const list: unknown = Reflect.get(Object(said), name)
  return Array.isArray(list) ? list : []
}
