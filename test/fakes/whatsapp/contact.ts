/** A person on the other side: an unmodified library client of its own, linked to its own account. */
import {
  BufferJSON,
  initAuthCreds,
  jidNormalizedUser,
  makeWASocket,
  proto,
  type AuthenticationCreds,
  type BaileysEventMap,
  type SignalKeyStore,
  type UserFacingSocketConfig,
  type WAMessage,
  type WAMessageKey,
  type WASocket,
} from 'baileys'
import { patience } from '../../fixtures/patience.ts'
import type { WhatsAppDouble } from './double.ts'

export interface Contact {
  number: string
  socket: WASocket
  /** All messages so far, own ones too. */
  messages: WAMessage[]
  /** Resolves with the first message that holds, had or yet to come. */
  message(wanted: (message: WAMessage) => boolean, within?: number): Promise<WAMessage>
  /** Resolves with the first event of this name that holds, emitted or yet to be. */
  event<Name extends keyof BaileysEventMap>(name: Name, wanted?: (data: BaileysEventMap[Name]) => boolean): Promise<BaileysEventMap[Name]>
  /**
   * Resolves when a message of the contact's own has come as far as this status. What comes within a moment the library folds into the
   * message's own event, and tells no other.
   */
  reached(status: proto.WebMessageInfo.Status): Promise<true>
  /** What goes over the next connection is the same device. */
  auth: Auth
  stop(): Promise<void>
}

/** What the library logs belongs to nobody. */
export const silent = { level: 'silent', child: () => silent, trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** Ms between the library's own questions whether the server is there: none of them comes during a run, however long that takes. */
const keepAliveIntervalMs = 3_600_000

/** Without a wait of 20 s for a history that the double does not have. */
export const shouldSyncHistoryMessage = ({ syncType }: proto.Message.IHistorySyncNotification): boolean =>
  Number(syncType) !== Number(proto.HistorySync.HistorySyncType.RECENT)

interface Dumped {
  creds: AuthenticationCreds
  rows: [string, unknown][]
}

export interface Auth {
  creds: AuthenticationCreds
  keys: SignalKeyStore
  /** All of it as text, for `memoryAuth`; of the one-time keys only the newest, when the rest is not needed. */
  dump(newestKeyAlone?: boolean): string
}

/** A link in memory: a new one, or one that was dumped. */
export function memoryAuth(dumped?: string): Auth {
  const kept = dumped === undefined ? null : (JSON.parse(dumped, BufferJSON.reviver) as Dumped) // as `dump` has written it
  const rows = new Map<string, unknown>(kept?.rows)
  const creds = kept?.creds ?? initAuthCreds()
  return {
    creds,
    dump(newestKeyAlone = false) {
      const newest = `pre-key:${creds.nextPreKeyId - 1}`
      const wanted = [...rows].filter(([name]) => !newestKeyAlone || !name.startsWith('pre-key:') || name === newest)
      return JSON.stringify({ creds, rows: wanted }, BufferJSON.replacer)
    },
    keys: {
      get: (type, ids) =>
        Object.fromEntries(ids.flatMap((id) => (rows.has(`${type}:${id}`) ? [[id, rows.get(`${type}:${id}`)]] : []))) as never, // rows are kept as they were given for this type
      set: (data) => {
        for (const [type, values] of Object.entries(data)) {
          for (const [id, value] of Object.entries(values)) {
            if (value === null) rows.delete(`${type}:${id}`)
            else rows.set(`${type}:${id}`, value)
          }
        }
      },
    },
  }
}

export async function connectContact(
  double: WhatsAppDouble,
  number: string,
  name = 'Contact',
  more: Partial<UserFacingSocketConfig> = {},
): Promise<Contact> {
  const auth = memoryAuth()
  const first = makeWASocket({ waWebSocketUrl: double.url, auth, logger: silent, shouldSyncHistoryMessage, keepAliveIntervalMs, ...more })
  await new Promise<void>((resolve, reject) => {
    first.ev.on('connection.update', ({ qr, connection, lastDisconnect }) => {
      if (qr !== undefined) double.scanQr(number, qr).catch(reject)
      if (connection !== 'close') return
      if (auth.creds.account === undefined) reject(new Error(`${number} was not linked`, { cause: lastDisconnect?.error }))
      else resolve()
    })
  })
  // A client without a name counts as away, and its receipts do not say that a message was delivered.
  if (auth.creds.me !== undefined) auth.creds.me.name = name
  double.account(number).name = name
  return logIn(double, number, auth, more)
}

/** A device that is linked already. */
export async function logIn(
  double: Pick<WhatsAppDouble, 'url'>,
  number: string,
  auth: Auth,
  more: Partial<UserFacingSocketConfig> = {},
  /** Another version of the library. */
  connect: typeof makeWASocket = makeWASocket,
): Promise<Contact> {
  const messages: WAMessage[] = []
  const events: { name: string; data: unknown }[] = []
  const heard = new Set<() => void>()
  // Whoever could not read a message is sent it again; the library looks for it under the id of the device that asks.
  const sent = ({ id, remoteJid }: WAMessageKey): proto.IMessage | undefined =>
    socket.messageRetryManager?.getRecentMessage(jidNormalizedUser(remoteJid ?? ''), id ?? '')?.message ??
    messages.find(({ key }) => key.id === id)?.message ??
    undefined
  const socket: WASocket = connect({
    ...{ waWebSocketUrl: double.url, auth, logger: silent, shouldSyncHistoryMessage, keepAliveIntervalMs },
    getMessage: async (key) => sent(key),
    ...more,
  })
  const opened = new Promise<void>((resolve) => socket.ev.on('connection.update', ({ connection }) => connection === 'open' && resolve()))
  socket.ev.process((emitted) => {
    for (const [name, data] of Object.entries(emitted)) events.push({ name, data })
    messages.push(...(emitted['messages.upsert']?.messages ?? []))
    for (const listener of heard) listener()
  })
  await opened
  await socket.sendPresenceUpdate('available')

  const first = <Found>(what: string, find: () => Found | undefined, within = patience): Promise<Found> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no such ${what} within ${within} ms`)), within)
      const look = (): void => {
        const found = find()
        if (found === undefined) return
        clearTimeout(timer)
        heard.delete(look)
        resolve(found)
      }
      heard.add(look)
      look()
    })
  return {
    ...{ number, socket, messages, auth },
    message: (wanted, within) => first('message', () => messages.find(wanted), within),
    async event<Name extends keyof BaileysEventMap>(name: Name, wanted: (data: BaileysEventMap[Name]) => boolean = () => true) {
      // The library emits under this name what it declares for it.
      const found = await first(name, () => events.find((each) => each.name === name && wanted(each.data as BaileysEventMap[Name])))
      return found.data as BaileysEventMap[Name]
    },
    reached: (status) =>
      first(`message with status ${status}`, () => {
        const told = events.flatMap(({ name, data }) =>
          // The library emits under this name what it declares for it.
          name === 'messages.update' ? (data as BaileysEventMap['messages.update']).map(({ update }) => update.status) : [],
        )
        const folded = messages.flatMap((message) => (message.key.fromMe === true ? [message.status] : []))
        return [...told, ...folded].includes(status) ? true : undefined
      }),
    stop: () => socket.end(undefined),
  }
}

export const textOf = ({ message }: WAMessage): string | null => message?.conversation ?? message?.extendedTextMessage?.text ?? null
