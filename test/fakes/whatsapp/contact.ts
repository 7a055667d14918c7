/** A person on the other side: an unmodified library client of its own, linked to its own account. */
import { initAuthCreds, makeWASocket, proto, type AuthenticationCreds, type SignalKeyStore, type WAMessage, type WASocket } from 'baileys'
import { patience } from '../../fixtures/patience.ts'
import type { WhatsAppDouble } from './double.ts'

export interface Contact {
  number: string
  socket: WASocket
  /** All messages so far, own ones too. */
  messages: WAMessage[]
  /** Resolves with the first message that holds, had or yet to come. */
  message(wanted: (message: WAMessage) => boolean, within?: number): Promise<WAMessage>
  stop(): Promise<void>
}

/** What the library logs belongs to nobody. */
export const silent = { level: 'silent', child: () => silent, trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** Without a wait of 20 s for a history that the double does not have. */
export const shouldSyncHistoryMessage = ({ syncType }: proto.Message.IHistorySyncNotification): boolean =>
  Number(syncType) !== Number(proto.HistorySync.HistorySyncType.RECENT)

export function memoryAuth(): { creds: AuthenticationCreds; keys: SignalKeyStore } {
  const rows = new Map<string, unknown>()
  return {
    creds: initAuthCreds(),
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

export async function connectContact(double: WhatsAppDouble, number: string, name = 'Contact'): Promise<Contact> {
  const auth = memoryAuth()
  const messages: WAMessage[] = []
  const heard = new Set<() => void>()
  const open = (): WASocket => makeWASocket({ waWebSocketUrl: double.url, auth, logger: silent, shouldSyncHistoryMessage })
  const first = open()
  await new Promise<void>((resolve, reject) => {
    first.ev.on('connection.update', ({ qr, connection }) => {
      if (qr !== undefined) double.scanQr(number, qr).catch(reject)
      if (connection === 'close') resolve()
    })
  })
  // A client without a name counts as away, and its receipts do not say that a message was delivered.
  if (auth.creds.me !== undefined) auth.creds.me.name = name
  const socket = open()
  socket.ev.on('messages.upsert', ({ messages: arrived }) => {
    messages.push(...arrived)
    for (const listener of heard) listener()
  })
  await new Promise<void>((resolve) => socket.ev.on('connection.update', ({ connection }) => connection === 'open' && resolve()))
  await socket.sendPresenceUpdate('available')
  double.account(number).name = name

  return {
    number,
    socket,
    messages,
    message: (wanted, within = patience) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no such message within ${within} ms`)), within)
        const look = (): void => {
          const found = messages.find(wanted)
          if (found === undefined) return
          clearTimeout(timer)
          heard.delete(look)
          resolve(found)
        }
        heard.add(look)
        look()
      }),
    stop: () => socket.end(undefined),
  }
}

export const textOf = ({ message }: WAMessage): string | null => message?.conversation ?? message?.extendedTextMessage?.text ?? null
