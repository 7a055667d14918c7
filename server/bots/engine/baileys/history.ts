/**
 * The history that a phone hands over: the pairs of ids, names and tokens in it always, its messages where they are wanted. Worked on in
 * slices of a few ms, so that 50,000 messages of one bot hold up nobody else.
 */
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createInflate, inflate } from 'node:zlib'
import { pipeline } from 'node:stream/promises'
import type { AuthenticationCreds, BaileysEventMap, proto, WAMessage, WASocket } from 'baileys'
import { inTime } from '../../../async/deadline.ts'
import { createSerialQueue } from '../../../async/serial-queue.ts'
import { reasonOf } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import { BotFault } from '../../fault.ts'
import type { ContactHappening } from '../contacts.ts'
import type { HistoryBounds, HistoryCalls, HistoryHappening } from '../history.ts'
import type { Message } from '../message.ts'
import type { KnownPeople } from '../people.ts'
import type { Asker } from './asking.ts'
import { contactFacts } from './contacts.ts'
import { type ConversationParts, partsOfHistory } from './history-parts.ts'
import { storeTokens } from './history-tokens.ts'
import { messageOf } from './incoming.ts'
import { keyFor } from './outgoing.ts'

type Library = typeof import('baileys')

export interface HistoryParts {
  library: Library
  socket: WASocket
  creds: AuthenticationCreds
  people: KnownPeople
  asker: Asker
  log: Log
  /** What is wanted of the messages; null for none. */
  wanted(): HistoryBounds | null
  isOver(): boolean
  happened(happening: HistoryHappening | ContactHappening): void
}

/** Ms of one slice, and messages in one; writing them takes about as long as reading them. */
const slice = 4
const sliceOf = 16
/** Ms for the phone, which may sleep. */
const longestPhone = 45_000
/** Ms before each further try to fetch a part. */
const fetchedAgainAfter = [250, 2_000, 15_000, 60_000]
const day = 86_400_000
const inflated = promisify(inflate)

/** Those that are read here; the rest is small, and the library's. */
export function isReadHere({ HistorySync }: Library['proto'], syncType: unknown): boolean {
  const { INITIAL_BOOTSTRAP, RECENT, FULL } = HistorySync.HistorySyncType
  return [INITIAL_BOOTSTRAP, RECENT, FULL].includes(Number(syncType))
}

export function hearHistory({ library, socket, creds, people, asker, log, ...parts }: HistoryParts): HistoryCalls {
  const { wanted, isOver, happened } = parts
  const { proto: protobuf } = library
  const inOrder = createSerialQueue()
  const asked = new Map<string, PromiseWithResolvers<void>>()
  /** Messages of the history after linking that were handed on: the bound holds for all its parts together. */
  let handed = 0

  const take = (what: string, work: () => Promise<void>): void => {
    inOrder.run(work).catch((error: unknown) => log.warn({ error: reasonOf(error) }, what))
  }
  const askedFor = (request: string): PromiseWithResolvers<void> => {
    const known = asked.get(request) ?? Promise.withResolvers<void>()
    asked.set(request, known)
    return known
  }

  socket.ev.on('messages.upsert', ({ messages }) => {
    for (const { key, message } of messages) {
      const notice = message?.protocolMessage?.historySyncNotification
      // Anybody can write such a message; only the account's own phone hands over a history.
      if (notice == null || key.fromMe !== true || !isReadHere(protobuf, notice.syncType)) continue
      take('a history could not be read', () => read(notice))
    }
  })
  socket.ev.on('messaging-history.set', (history) => take('older messages could not be read', () => readSmall(history)))

  async function read(notice: proto.Message.IHistorySyncNotification): Promise<void> {
    const { rest, conversations } = partsOfHistory(await fetched(notice))
    const { phoneNumberToLidMappings, pushnames } = protobuf.HistorySync.decode(rest)
    await learnPairs(phoneNumberToLidMappings)
    const names = pushnames.flatMap(({ id, pushname }) => (id == null || pushname == null ? [] : [{ id, notify: pushname }]))
    for (let start = 0; start < names.length; start += sliceOf) await learnNames(names.slice(start, start + sliceOf))
    const before = handed
    const turn = createTurn()
    const heads: proto.IConversation[] = []
    for (const conversation of conversations) {
      if (isOver()) return
      heads.push(protobuf.Conversation.decode(conversation.head))
      await handOver(conversation, turn)
      if (heads.length >= sliceOf) await learnChats(heads.splice(0))
      await turn()
    }
    await learnChats(heads)
    if (handed > before) happened({ type: 'history', request: null, chat: null, came: handed - before })
  }

  /** The phone hands each part over once. */
  async function fetched(notice: proto.Message.IHistorySyncNotification): Promise<Buffer> {
    for (const wait of fetchedAgainAfter) {
      try {
        return await bytesOf(notice)
      } catch (error) {
        log.warn({ error: reasonOf(error) }, 'a part of a history could not be fetched; it is tried again')
        await setTimeout(wait, undefined, { ref: false })
        if (isOver()) throw error
      }
    }
    return bytesOf(notice)
  }

  async function bytesOf(notice: proto.Message.IHistorySyncNotification): Promise<Buffer> {
    const { initialHistBootstrapInlinePayload: inline } = notice
    if (inline != null && inline.length > 0) return inflated(inline)
    const unpacking = createInflate()
    const chunks: Buffer[] = []
    unpacking.on('data', (chunk: Buffer) => chunks.push(chunk))
    await pipeline(await library.downloadContentFromMessage(notice, 'md-msg-hist', {}), unpacking)
    return Buffer.concat(chunks)
  }

  /** The newest come first; so many, and so old, as is wanted. */
  async function handOver({ messages }: ConversationParts, turn: () => Promise<void>): Promise<void> {
    const bounds = wanted()
    if (bounds === null) return
    const since = Date.now() - bounds.days * day
    const found: Message[] = []
    for (const bytes of messages) {
      if (handed >= bounds.messages) break
      const message = readable(protobuf.HistorySyncMsg.decode(bytes).message)
      if (message !== null && message.at >= since) {
        found.push(message)
        handed += 1
      }
      if (found.length >= sliceOf) happened({ type: 'older', request: null, messages: found.splice(0) })
      await turn()
    }
    if (found.length > 0) happened({ type: 'older', request: null, messages: found })
  }

  function readable(info: proto.IWebMessageInfo | null | undefined): Message | null {
    const key = info?.key
    if (key?.id == null || key.remoteJid == null) return null
    const message = { ...info, key: { ...key } } as WAMessage // with a key
    library.cleanMessage(message, creds.me?.id ?? '', creds.me?.lid ?? '')
    const read = messageOf(message, library, creds, people)
    // What changed an older message is in that message already.
    return read === null || read.changes !== undefined || read.kind === 'unreadable' ? null : read
  }

  async function learnChats(heads: readonly proto.IConversation[]): Promise<void> {
    await learnPairs(heads.map(({ id, lidJid, pnJid }) => ({ lidJid: id?.endsWith('@lid') === true ? id : lidJid, pnJid: pnJid ?? id })))
    await storeTokens(library, socket, heads)
    const named = heads.flatMap(({ id, name, displayName, lidJid, pnJid }) => {
      const known = displayName ?? name
      return id == null || known == null || known === '' || id.endsWith('@g.us')
        ? []
        : [{ id, name: known, ...(lidJid == null ? {} : { lid: lidJid }), ...(pnJid == null ? {} : { phoneNumber: pnJid }) }]
    })
    await learnNames(named)
  }

  async function learnPairs(pairs: readonly { lidJid?: string | null | undefined; pnJid?: string | null | undefined }[]): Promise<void> {
    const whole = pairs.flatMap(({ lidJid: lid, pnJid: pn }) =>
      lid?.endsWith('@lid') === true && pn?.endsWith('@s.whatsapp.net') === true ? [{ lid, pn }] : [],
    )
    for (let start = 0; start < whole.length; start += sliceOf) {
      if (isOver()) return
      await socket.signalRepository.lidMapping.storeLIDPNMappings(whole.slice(start, start + sliceOf))
      await nextTurn()
    }
  }

  /** A chat that the history has no name for says nothing of the address book. */
  async function learnNames(contacts: readonly { id: string; name?: string; notify?: string }[]): Promise<void> {
    if (contacts.length === 0 || isOver()) return
    const facts = contacts.map((contact) => contactFacts(socket, contact, contact.name !== undefined))
    happened({ type: 'contacts', contacts: await Promise.all(facts) })
    await nextTurn()
  }

  async function readSmall({
    contacts,
    messages,
    syncType,
    peerDataRequestSessionId,
  }: BaileysEventMap['messaging-history.set']): Promise<void> {
    const named = contacts.filter(({ name, notify }) => name !== undefined || notify !== undefined)
    for (let start = 0; start < named.length; start += sliceOf) await learnNames(named.slice(start, start + sliceOf))
    if (syncType !== protobuf.HistorySync.HistorySyncType.ON_DEMAND) return
    const request = peerDataRequestSessionId ?? ''
    const found = messages.map(readable).filter((message) => message !== null)
    if (found.length > 0) happened({ type: 'older', request, messages: found })
    happened({ type: 'history', request, chat: found[0]?.chat ?? null, came: found.length })
    askedFor(request).resolve()
  }

  return {
    async older(chat, { at, ...before }, count) {
      const key = keyFor(people.addressOf(chat), before)
      const request = await asker.ask(() => socket.fetchMessageHistory(count, key, at))
      try {
        await inTime(longestPhone, askedFor(request).promise, () => new BotFault('phone-unanswered', 'The phone has not answered'))
      } finally {
        asked.delete(request)
      }
      return request
    },
  }
}

/** Lets others have their turn whenever one of ours has taken long enough. */
function createTurn(): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < slice) return
    await nextTurn()
    since = performance.now()
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
