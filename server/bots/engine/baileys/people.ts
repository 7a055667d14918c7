/** What the network says of who is who, wherever it says so, and what it answers when it is asked about a number. */
import type { AuthenticationCreds, BinaryNode, WASocket } from 'baileys'
import type { Account } from '../engine.ts'
import type { LinkRows } from '../link.ts'
import { bare, pairOf, type KnownPeople, type Pair } from '../people.ts'
import { lookupRefusalOf } from '../whatsapp-codes.ts'
import { childOf, childrenOf } from './nodes.ts'

type Library = typeof import('baileys')

/** Attributes that name one person, and those beside them that may name the same one otherwise. */
const named: readonly (readonly [string, readonly string[]])[] = [
  ['from', ['sender_pn', 'sender_lid']],
  ['participant', ['participant_pn', 'participant_lid']],
  ['recipient', ['recipient_pn', 'recipient_lid', 'peer_recipient_pn', 'peer_recipient_lid']],
  ['jid', ['phone_number', 'lid']],
  ['creator', ['creator_pn']],
  ['call-creator', ['caller_pn']],
]

/** Whoever the library takes to be the sender's other id. */
const senderAlts = ['sender_pn', 'sender_lid', 'peer_recipient_pn', 'peer_recipient_lid'] as const

/** Takes some 20 ms. */
const learnedAtOnce = 200

const device = /:\d+(?=@)/
const known = new WeakMap<WASocket, KnownPeople>()

/** Without the device; a hidden id stays where its number is unknown. */
export async function numbered(socket: WASocket, id: string): Promise<string> {
  return known.get(socket)?.idOf(id) ?? id.replace(device, '')
}

/** Hears all that comes in, before the library does. */
export function hearPeople(socket: WASocket, people: KnownPeople): void {
  known.set(socket, people)
  socket.ws.prependListener('frame', (frame: BinaryNode | Uint8Array) => {
    if (frame instanceof Uint8Array) return
    const pairs = pairsIn(frame)
    if (pairs.length > 0) people.learn(pairs)
    if (frame.tag !== 'message') return
    keepNumbers(frame, people)
    nameReceiver(frame)
  })
}

/** Whoever writes has this number, whatever account was once named for it. */
function keepNumbers({ attrs }: BinaryNode, people: KnownPeople): void {
  for (const name of ['from', 'sender_pn', 'participant', 'participant_pn']) {
    const number = bare(attrs[name] ?? '')
    if (!number.endsWith('@s.whatsapp.net')) continue
    const known = people.idOf(number)
    if (known !== number) people.learn([{ other: known, id: number }])
  }
}

/** The library would note that the account itself is somebody else, of what another device of the account has sent. */
function trusted(pairs: readonly Pair[], { me }: AuthenticationCreds): Pair[] {
  const [number, lid] = [bare(me?.id ?? ''), bare(me?.lid ?? '')]
  return pairs.filter(({ other, id }) => (other === lid) === (id === number))
}

export function pairsIn(node: BinaryNode): Pair[] {
  const { attrs, content } = node
  const own = named.flatMap(([name, others]) => others.flatMap((other) => pairOf(attrs[name], attrs[other]) ?? []))
  if (!Array.isArray(content)) return own
  const said = content.find(({ tag }) => tag === 'lid')?.attrs['val']
  const answered = node.tag === 'user' ? pairOf(attrs['jid'], said) : null
  return [...own, ...(answered === null ? [] : [answered]), ...content.flatMap(pairsIn)]
}

/** Of a message that another device of the account has sent: beside the receiver stands the receiver's other id, not the sender's. */
function nameReceiver({ attrs }: BinaryNode): void {
  if (attrs['recipient'] === undefined) return
  const other = attrs['recipient_pn'] ?? attrs['recipient_lid'] ?? attrs['peer_recipient_pn'] ?? attrs['peer_recipient_lid']
  for (const name of senderAlts) delete attrs[name]
  if (other !== undefined) attrs[other.endsWith('@lid') ? 'peer_recipient_lid' : 'peer_recipient_pn'] = other
}

/** What the library learns by itself, out of history and answers, goes through its keys: numbers by hidden ids and the other way round. */
export function pairsOfKeys(values: Readonly<Record<string, unknown>>): Pair[] {
  return Object.entries(values).flatMap(([name, value]) => {
    if (typeof value !== 'string' || name.endsWith('_reverse')) return []
    return pairOf(`${value}@lid`, `${name}@s.whatsapp.net`) ?? []
  })
}

/**
 * What the room knows of people, and where it knows nothing of somebody, what the library has in its keys: they may be older than what the
 * room keeps, or have come with a backup. Nothing is learned once the connection is over.
 */
export function withKeys(
  people: KnownPeople,
  rows: Pick<LinkRows, 'get'>,
  { creds, isOver }: { creds(): AuthenticationCreds; isOver(): boolean },
): KnownPeople {
  const learn = (pairs: readonly Pair[]): void => {
    const news = isOver() ? [] : trusted(pairs, creds())
    if (news.length > 0) people.learn(news.slice(0, learnedAtOnce))
    // A history brings tens of thousands, and other bots are not to wait for them.
    if (news.length > learnedAtOnce) setImmediate(() => learn(news.slice(learnedAtOnce)))
  }
  const kept = (id: string): string | null => {
    const [row] = rows.get('lid-mapping', [id]).values()
    const value: unknown = row === undefined ? null : JSON.parse(row.toString())
    return typeof value === 'string' ? value : null
  }
  return {
    ...people,
    learn,
    hiddenIdOf(id) {
      const found = people.hiddenIdOf(id)
      if (found !== null || !id.endsWith('@s.whatsapp.net')) return found
      const lid = kept(id.split('@')[0] ?? '')
      return lid === null ? null : `${lid}@lid`
    },
    idOf(id) {
      const found = people.idOf(id)
      if (!found.endsWith('@lid')) return found
      const number = kept(`${found.split('@')[0]}_reverse`)
      if (number === null) return found
      learn([{ other: found, id: `${number}@s.whatsapp.net` }])
      return people.idOf(found)
    },
    heard: (chat, address) => (isOver() ? undefined : people.heard(chat, address)),
  }
}

/** Asks WhatsApp about a number: the account that it names, null where there is none. */
export async function lookUp(library: Library, socket: WASocket, people: KnownPeople, number: string): Promise<Account | null> {
  const query = new library.USyncQuery()
    .withContactProtocol()
    .withLIDProtocol()
    .withUser(new library.USyncUser().withPhone(`+${number}`))
  const read = query.parseUSyncQueryResult.bind(query)
  query.parseUSyncQueryResult = (answer) => {
    const code = heldBackIn(answer)
    if (code !== null) throw lookupRefusalOf(code)
    return read(answer)
  }
  const found = (await socket.executeUSyncQuery(query))?.list.find(({ contact }) => contact === true)
  if (found === undefined) return null
  const asked = `${number}@s.whatsapp.net`
  const chat = library.jidNormalizedUser(found.id)
  const known = people.idOf(asked)
  // What was once named for the number may be out of date.
  people.learn([chat === asked ? { other: known, id: chat } : { other: asked, id: chat }])
  const hidden = typeof found['lid'] === 'string' && found['lid'] !== '' ? found['lid'] : people.hiddenIdOf(chat)
  return { number: chat.split('@')[0] ?? number, hiddenId: hidden }
}

/** A refusal may stand within an answer, beside a list of nobody. */
function heldBackIn(answer: BinaryNode | undefined): number | null {
  const parts = childrenOf(childOf(childOf(answer, 'usync'), 'result'))
  const error = parts.map((part) => childOf(part, 'error')).find((each) => each !== undefined)
  return error === undefined ? null : Number(error.attrs['code']) || 500
}
