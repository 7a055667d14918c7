/** The engine on baileys: one socket per connection, its events turned into ours, its traps kept in here. */
import type { BinaryNode, WASocket } from 'baileys'
import { Fault } from '../../../fault.ts'
import type { Egress } from '../../../http/egress.ts'
import { escape, reasonOf } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import { holdsLink, openAuth } from './auth.ts'
import { createKeeping, type Keeping } from './inbox.ts'
import { keyFor, messageOf, progressOf } from './messages.ts'
import { PasskeyCeremony } from './passkey.ts'
import { createSender } from './send.ts'
import type { Connection, Engine, EngineEvents } from '../engine.ts'
import { diskRefused } from '../../bot/states.ts'
import { createProxyAgent } from '../proxy-agent.ts'

export interface BaileysOptions {
  /** The real server when null. */
  url: string | null
  log: Log
  /** Judges the address of a proxy. */
  egress: Egress
  /** Ms a QR lives, for tests; the library's 60 s and then 20 s otherwise. */
  qrTimeout?: number
}

/** How many QR codes the server gives out for one connection; after the last one it ends. */
const qrCodes = 6
/** Ms in which the server answers a request for a code; it says nothing when all is well and it is slow. */
const codeAnswer = 10_000
/** Ms in which the other side closes as well; after that the connection is cut. */
const closeAnswer = 1_500

export function createBaileysEngine({ url, log, egress, qrTimeout }: BaileysOptions): Engine {
  const qrLife = [qrTimeout ?? 60_000, qrTimeout ?? 20_000] as const
  return {
    qrLife,
    pairingLife: qrLife[0] + (qrCodes - 1) * qrLife[1],
    isLinked: holdsLink,
    async connect(rows, events, { proxy, passkeyPatience }) {
      // Late: the library takes 100 ms and 60 MB, which who has no bot should not pay.
      const library = await import('baileys')
      const life = { isOver: false, fail: (_error: unknown): void => {} }
      const auth = openAuth(rows, library, (error) => life.fail(error))
      /** Chats whose messages come under a hidden id; receipts for them go back to that. */
      const addresses = new Map<string, string>()
      const keeping = createKeeping({
        ...{ library, rows, creds: auth.state.creds },
        arrived(digest, message, address) {
          if (address !== message.chat) addresses.set(message.chat, address)
          events.arrived(digest, message)
        },
        isOver: () => life.isOver,
      })
      const { RECENT, FULL } = library.proto.HistorySync.HistorySyncType
      const agent = proxy === null ? undefined : await createProxyAgent(proxy, egress)
      const socket = library.makeWASocket({
        ...(url === null ? {} : { waWebSocketUrl: url }),
        ...(qrTimeout === undefined ? {} : { qrTimeout }),
        ...(agent === undefined ? {} : { agent, fetchAgent: agent }),
        auth: auth.state,
        logger: quietLog,
        makeSignalRepository: keeping.makeSignalRepository,
        browser: library.Browsers.ubuntu('Chrome'),
        syncFullHistory: false,
        // The rest of the history brings the pairs of numbers and hidden ids; the recent messages would only delay the first start by 20 s.
        shouldSyncHistoryMessage: ({ syncType }) => syncType !== RECENT && syncType !== FULL,
        // The phone would otherwise stop ringing while a bot is online.
        markOnlineOnConnect: false,
        getMessage: async ({ id }) => {
          const encoded = id == null ? null : events.sent(id)
          return encoded === null ? undefined : library.proto.Message.decode(encoded)
        },
      })
      const moreQrs = passkeyPatience === null ? 0 : Math.ceil(passkeyPatience / qrLife[1])
      keeping.attach(socket)
      return listen({ library, socket, auth, events, keeping, addresses, life, log, moreQrs })
    },
  }
}

interface Listening {
  library: typeof import('baileys')
  socket: WASocket
  auth: ReturnType<typeof openAuth>
  events: EngineEvents
  keeping: Keeping
  addresses: Map<string, string>
  life: { isOver: boolean; fail(error: unknown): void }
  log: Log
  moreQrs: number
}

function listen({ library, socket, auth, events, keeping, addresses, life, log, moreQrs }: Listening): Connection {
  const { creds } = auth.state
  const addressOf = (chat: string): string => addresses.get(chat) ?? chat
  const guarded = (work: () => void): void => {
    // An event of a socket that is over must not act on the bot, which may have another one by now.
    if (!life.isOver) work()
  }
  const sender = createSender(library, socket, (id, refusal) => guarded(() => events.refused(id, refusal)))
  /** What the library has heard lies in a buffer of its own, which ends with the socket. */
  const leave = (): void => {
    if (life.isOver) return
    try {
      socket.ev.flush()
      auth.saveCreds()
    } catch (error) {
      log.error({ error }, 'what a connection still held could not be told')
    }
    life.isOver = true
    auth.seal()
    sender.end()
  }
  life.fail = (error) =>
    guarded(() => {
      // Before all else nothing more is acknowledged: what cannot be kept is to come again.
      terminate(socket)
      life.isOver = true
      auth.seal()
      sender.end()
      end().catch(escape)
      events.closed(diskRefused, reasonOf(error))
    })
  const end = async (): Promise<void> => {
    leave()
    const cut = setTimeout(() => terminate(socket), closeAnswer)
    await socket.end(undefined).finally(() => clearTimeout(cut))
  }

  // The library's own listener came first and has put the update into the credentials.
  socket.ev.on('creds.update', ({ me }) =>
    guarded(() => {
      auth.saveCreds()
      const name = nameOf(me?.name)
      if (name !== null) events.name(name)
    }),
  )
  socket.ev.on('connection.update', ({ qr, isNewLogin, connection, lastDisconnect }) =>
    guarded(() => {
      if (qr !== undefined) showQr(qr)
      if (isNewLogin === true) events.linked()
      if (connection === 'open') events.open({ number: creds.me?.id.split(/[:@]/)[0] ?? '', name: nameOf(creds.me?.name) })
      if (connection === 'close') {
        leave()
        const { code, words } = closeOf(lastDisconnect?.error)
        events.closed(code, words)
      }
    }),
  )
  socket.ev.on('messages.upsert', ({ messages }) =>
    guarded(() => {
      for (const message of messages) {
        // An acknowledgement that comes within a moment is folded into the message itself.
        const progress = progressOf(message.status)
        if (message.key.fromMe === true && message.key.id != null && progress !== null) events.progress(message.key.id, progress)
        const read = keeping.wasTold(message) ? null : messageOf(message, library, creds)
        if (read === null) continue
        const { remoteJid } = message.key
        if (remoteJid != null && remoteJid !== read.chat) addresses.set(read.chat, remoteJid)
        events.message(read)
      }
    }),
  )
  socket.ev.on('messages.update', (updates) =>
    guarded(() => {
      for (const { key, update } of updates) {
        const progress = progressOf(update.status)
        if (progress !== null && key.id != null) events.progress(key.id, progress)
      }
    }),
  )

  let qrsShown = 0
  let isAskedForPasskey = false
  function showQr(text: string): void {
    qrsShown += 1
    // Those that were added below are no codes; they only keep the library waiting while a person answers.
    if (qrsShown <= qrCodes) return events.qr(text)
    if (isAskedForPasskey) return
    end().catch(escape)
    events.closed(408, 'QR refs attempts ended')
  }
  if (moreQrs > 0) {
    // The library ends a connection whose QR codes are used up, a passkey or not. Its own listener has begun and waits for a write, so it
    // reads the list when this one is through.
    socket.ws.on('CB:iq,type:set,pair-device', ({ content }: BinaryNode) => {
      const [device] = Array.isArray(content) ? content : []
      const refs = Array.isArray(device?.content) ? device.content : []
      const last = refs.at(-1)
      if (last !== undefined) refs.push(...Array.from({ length: moreQrs }, () => last))
    })
  }

  const query = async (type: 'get' | 'set', content: BinaryNode): Promise<BinaryNode> => {
    const answer: unknown = await socket.query({
      tag: 'iq',
      attrs: { to: 's.whatsapp.net', type, xmlns: 'md', id: socket.generateMessageTag() },
      content: [content],
    })
    return answer as BinaryNode // the library's own type for it is any
  }
  const ceremony = new PasskeyCeremony(library, { query }, creds, () => performance.now())
  const attend = (work: Promise<void>): void =>
    void work.catch((error: unknown) => guarded(() => events.passkeyFailed(passkeyWords(error))))
  socket.ws.on('CB:notification,type:passkey_prologue_request', (notification: BinaryNode) =>
    guarded(() => {
      // Nothing is sent to a server that asks for it, unless the owner wants it so.
      if (moreQrs === 0) return events.passkeyDemanded('')
      isAskedForPasskey = true
      attend(ceremony.begin(notification).then((options) => guarded(() => events.passkeyDemanded(options))))
    }),
  )
  socket.ws.on('CB:notification,type:crsc_continuation', (notification: BinaryNode) =>
    guarded(() =>
      attend(ceremony.goOn(notification).then(({ code, mustConfirm }) => guarded(() => events.passkeyCode(code, mustConfirm)))),
    ),
  )

  const connection: Connection = {
    answerPasskey: (assertion) => ceremony.answer(assertion).catch(refusePasskey),
    confirmPasskey: () => ceremony.confirm().catch(refusePasskey),
    async requestCode(number) {
      // The library does not wait for the answer, so a refusal would go unseen: it is looked for on the raw socket.
      let ours = ''
      const answer = Promise.withResolvers<BinaryNode | null>()
      const hear = (node: BinaryNode): void => {
        if (node.tag === 'iq' && (node.attrs['type'] === 'error' || hasCodeReference(node))) answer.resolve(node)
      }
      socket.ws.on('CB:iq', hear)
      const timer = setTimeout(() => answer.resolve(null), codeAnswer)
      try {
        ours = await socket.requestPairingCode(number)
        const node = await answer.promise
        if (node === null) throw new Fault('pairing-refused', 'WhatsApp did not answer the request for a pairing code', { code: 408 })
        if (node.attrs['type'] === 'error') throw refusalOf(node)
      } finally {
        clearTimeout(timer)
        socket.ws.off('CB:iq', hear)
      }
      return ours
    },

    async unlink(within) {
      const jid = creds.me?.id
      if (jid === undefined) return false
      const gone = new Promise<boolean>((resolve) =>
        socket.ws.on('CB:stream:error', (node: BinaryNode) => resolve(node.attrs['code'] === '401')),
      )
      const attrs = { to: 's.whatsapp.net', type: 'set', xmlns: 'md', id: socket.generateMessageTag() }
      const asked = socket.query(
        { tag: 'iq', attrs, content: [{ tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } }] },
        within,
      )
      const confirmed = asked
        .then((answer: unknown) => answer !== undefined)
        .catch((error: unknown) => {
          log.warn({ error: String(error) }, 'unlinking was not confirmed')
          return false
        })
      // Either the answer or the end of the link says that it is done; the answer alone can say that it is not.
      return Promise.race([confirmed, gone])
    },

    send: sender.send,
    async isKnown(number) {
      const [found] = (await sender.answered(socket.onWhatsApp(number))) ?? []
      return found?.exists === true
    },
    async groups() {
      const groups = await sender.answered(socket.groupFetchAllParticipating())
      return Object.values(groups).map(({ id, subject, participants }) => ({ id, subject, members: participants.length }))
    },
    typing: (chat, on) => socket.sendPresenceUpdate(on ? 'composing' : 'paused', addressOf(chat)),
    presence: (available) => socket.sendPresenceUpdate(available ? 'available' : 'unavailable'),
    markRead: (chat, keys) => socket.readMessages(keys.map((key) => keyFor(addressOf(chat), key))),

    end,
  }
  return connection
}

/** A peer that has gone silent answers no close either. */
function terminate({ ws }: WASocket): void {
  const raw: unknown = Reflect.get(ws, 'socket')
  const cut: unknown = typeof raw === 'object' && raw !== null ? Reflect.get(raw, 'terminate') : undefined
  if (typeof cut === 'function') Reflect.apply(cut, raw, [])
}

function refusePasskey(error: unknown): never {
  throw new Fault('passkey-failed', passkeyWords(error))
}

function passkeyWords(error: unknown): string {
  if (error instanceof Fault) return error.message
  // The library puts the code of a refused request beside its own.
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'data') : undefined
  return typeof code === 'number' ? `WhatsApp did not take the passkey (${code})` : 'The connection ended while the passkey was handed over'
}

function hasCodeReference(node: BinaryNode): boolean {
  return Array.isArray(node.content) && node.content.some(({ tag }) => tag === 'link_code_companion_reg')
}

function refusalOf(node: BinaryNode): Fault {
  const error = Array.isArray(node.content) ? node.content.find(({ tag }) => tag === 'error') : undefined
  const code = Number(error?.attrs['code'] ?? 500)
  const words =
    code === 429
      ? 'WhatsApp refuses more pairing codes for this number for now (429); wait an hour or more'
      : `WhatsApp refused the request for a pairing code (${code})`
  return new Fault('pairing-refused', words, { code })
}

/** Before it is known the library writes a tilde. */
function nameOf(name: string | undefined): string | null {
  return name === undefined || name === '~' || name === '' ? null : name
}

function closeOf(error: unknown): { code: number; words: string } {
  if (typeof error !== 'object' || error === null) return { code: 0, words: '' }
  const output: unknown = Reflect.get(error, 'output')
  const code = typeof output === 'object' && output !== null ? Number(Reflect.get(output, 'statusCode')) : 500
  return { code: Number.isInteger(code) ? code : 500, words: error instanceof Error ? error.message : '' }
}

/** What the library logs is about frames and keys; what of it matters comes as events. */
const quietLog = { level: 'silent', child: () => quietLog, trace() {}, debug() {}, info() {}, warn() {}, error() {} }
