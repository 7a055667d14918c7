/** One connection: a socket of the library, with its events turned into ours and its calls behind our interface. */
import type { Agent } from 'node:http'
import type { BinaryNode, WAMessage, WASocket } from 'baileys'
import { escape, reasonOf } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import type { Close, Connection, ConnectOptions, EngineEvents } from '../engine.ts'
import type { KnownPeople } from '../people.ts'
import { closeOf, lookupRefusalOf, lost } from '../whatsapp-codes.ts'
import { isAdminOf } from './admins.ts'
import { createAppState } from './app-state.ts'
import { hearHistory } from './history.ts'
import { createAsker } from './asking.ts'
import { hearCalls } from './calls.ts'
import { chatCalls, hearChats } from './chats.ts'
import { contactCalls, hearContacts } from './contacts.ts'
import { createMediaCalls } from './download.ts'
import { createChannelCalls, hearChannels } from './channels.ts'
import { closeOfError } from './errors.ts'
import type { GroupCache } from './group-cache.ts'
import { hearGroups } from './group-events.ts'
import { createGroupCalls } from './groups.ts'
import { messageOf, progressOf } from './incoming.ts'
import type { Keeping } from './keeping.ts'
import type { BaileysLink } from './link.ts'
import { createNaming } from './naming.ts'
import { keyFor } from './outgoing.ts'
import { hearInOrder } from './order.ts'
import { createPairing } from './pairing.ts'
import { profileCalls } from './profile.ts'
import { hearPresence, presenceCalls } from './presence.ts'
import { lookUp } from './people.ts'
import { hearRestrictions } from './restrictions.ts'
import { createStatusCalls } from './status.ts'
import { createSender } from './sending.ts'
import { hearWithheld, withheldMessage } from './withheld.ts'
import { createUploader } from './upload.ts'

export interface ConnectionParts {
  library: typeof import('baileys')
  socket: WASocket
  link: BaileysLink
  events: EngineEvents
  keeping: Keeping
  people: KnownPeople
  groups: GroupCache
  /** The way through a proxy. */
  agent: Agent | undefined
  life: ConnectionLife
  log: Log
  history: ConnectOptions['history']
  /** As `createPairing` takes it. */
  moreQrs: number
}

/** Made before the socket, which asks it from its first moment on. */
export interface ConnectionLife {
  isOver: boolean
  /** The disk did not take what has to be kept. */
  fail(error: unknown): void
}

/** Ms in which the other side closes as well; after that the connection is cut. */
const closeAnswer = 1_500

export function createConnection(parts: ConnectionParts): Connection {
  const { library, socket, link, events, keeping, people, groups, agent, life, log, moreQrs, history } = parts
  const { creds } = link.state
  const guarded = (work: () => void): void => {
    // An event of a socket that is over must not act on the bot, which may have another one by now.
    if (!life.isOver) work()
  }
  const over = new AbortController()
  const naming = createNaming(people, groups)
  const restrictions = hearRestrictions(socket, log, (happening) => guarded(() => events.happened(happening)))
  const sender = createSender({
    ...{ library, socket, people, groups, restrictions, uploader: createUploader(library, socket, agent, over.signal) },
    refused: (id, refusal) => guarded(() => events.refused(id, refusal)),
    sent: (id) => events.sent(id),
    written: (message) => hear([message]),
  })
  const finish = (): void => {
    life.isOver = true
    over.abort(lost())
    link.seal()
    sender.end()
  }
  /** What the library has heard lies in a buffer of its own, which ends with the socket. */
  const leave = (): void => {
    if (life.isOver) return
    try {
      socket.ev.flush()
      link.saveCreds()
    } catch (error) {
      log.error({ error }, 'what a connection still held could not be told')
    }
    finish()
  }
  const end = async (): Promise<void> => {
    leave()
    const cut = setTimeout(() => terminate(socket), closeAnswer)
    await socket.end(undefined).finally(() => clearTimeout(cut))
  }
  life.fail = (error) =>
    guarded(() => {
      // Before all else nothing more is acknowledged: what cannot be kept is to come again.
      terminate(socket)
      finish()
      end().catch(escape)
      events.closed(diskRefused(error))
    })
  const pairing = createPairing({
    ...{ library, socket, creds, events, moreQrs, guarded },
    onExpired() {
      end().catch(escape)
      events.closed(closeOf(408, { words: 'QR refs attempts ended' }))
    },
  })

  // The library's own listener came first and has put the update into the credentials.
  socket.ev.on('creds.update', ({ me }) =>
    guarded(() => {
      link.saveCreds()
      const name = nameOf(me?.name)
      if (name !== null) events.name(name)
    }),
  )
  socket.ev.on('connection.update', ({ qr, isNewLogin, connection, lastDisconnect }) =>
    guarded(() => {
      if (qr !== undefined) pairing.showQr(qr)
      if (isNewLogin === true) events.linked()
      if (connection === 'open') {
        events.open({ number: creds.me?.id.split(/[:@]/)[0] ?? '', name: nameOf(creds.me?.name) })
        void restrictions.isRestricted()
      }
      if (connection === 'close') {
        leave()
        events.closed(closeOfError(lastDisconnect?.error, Date.now()))
      }
    }),
  )
  const hear = (messages: readonly WAMessage[]): void =>
    guarded(() => {
      for (const message of messages) {
        // An acknowledgement that comes within a moment is folded into the message itself.
        const progress = progressOf(message.status)
        if (message.key.fromMe === true && message.key.id != null && progress !== null) events.progress(message.key.id, progress)
        const read = keeping.wasEmitted(message) ? null : messageOf(message, library, creds, people)
        if (read === null) continue
        const { remoteJid } = message.key
        if (remoteJid != null) people.heard(read.chat, remoteJid)
        events.message(read)
      }
    })
  hearInOrder(socket, hear, (error) => log.error({ error: reasonOf(error) }, 'a message that came in could not be told'))
  hearWithheld(socket, (stanza) =>
    guarded(() => {
      const message = withheldMessage(stanza, library, creds.me?.id ?? '', creds.me?.lid ?? '')
      const read = message === null ? null : messageOf(message, library, creds, people)
      if (read !== null) events.message(read)
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

  const asker = createAsker(sender)
  const appState = createAppState(library, socket, asker, log)
  const calls = hearCalls(socket, asker, log, (happening) => guarded(() => events.happened(happening)))
  const older = hearHistory({
    ...{ library, socket, creds, people, asker, log },
    wanted: history,
    isOver: () => life.isOver,
    happened: (happening) => guarded(() => events.happened(happening)),
  })
  hearChats(socket, appState, log, (happening) => guarded(() => events.happened(happening)))
  hearContacts(socket, asker, log, (happening) => guarded(() => events.happened(happening)))
  hearPresence(socket, log, (happening) => guarded(() => events.happened(happening)))
  hearGroups(socket, people, (happening) =>
    guarded(() => {
      try {
        events.happened(happening)
      } catch (error) {
        // What could not be told is to come again.
        life.fail(error)
      }
    }),
  )
  hearChannels(socket, (happening) => guarded(() => events.happened(happening)))

  return {
    requestCode: pairing.requestCode,
    answerPasskey: pairing.answerPasskey,
    confirmPasskey: pairing.confirmPasskey,
    async unlink(within) {
      const jid = creds.me?.id
      return jid === undefined ? false : unlink(socket, jid, within, log)
    },
    send: sender.send,
    media: createMediaCalls({
      ...{ library, socket, agent, signal: over.signal },
      keyOf: async (chat, message) => keyFor(people.addressOf(chat), await naming.named(chat, message)),
    }),
    lookUp: (number) => sender.answered(lookUp(library, socket, people, number), lookupRefusalOf),
    groups: createGroupCalls({ library, socket, people, cache: groups, answered: sender.answered }),
    isAdmin: (group, person) => sender.answered(isAdminOf(groups, people, group, person), lookupRefusalOf),
    channels: createChannelCalls({ library, socket, sender }),
    status: createStatusCalls(library, socket, sender),
    presence: presenceCalls(socket, people.addressOf),
    contacts: contactCalls(socket, asker, appState, agent),
    profile: profileCalls(socket, () => library.jidNormalizedUser(creds.me?.id), asker, appState),
    calls,
    history: older,
    chats: chatCalls(socket, asker, appState, people.addressOf),
    markRead: async (chat, keys) => sender.answered(socket.readMessages(await naming.keysFor(chat, keys)), lookupRefusalOf),
    end,
  }
}

async function unlink(socket: WASocket, jid: string, within: number, log: Log): Promise<boolean> {
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
}

/** A peer that has gone silent answers no close either. */
function terminate({ ws }: WASocket): void {
  const raw: unknown = Reflect.get(ws, 'socket')
  const cut: unknown = typeof raw === 'object' && raw !== null ? Reflect.get(raw, 'terminate') : undefined
  if (typeof cut === 'function') Reflect.apply(cut, raw, [])
}

function diskRefused(error: unknown): Close {
  return { kind: 'lost', cause: 'disk-refused', reason: `What came in cannot be written, so WhatsApp is to keep it: ${reasonOf(error)}` }
}

/** Before it is known the library writes a tilde. */
function nameOf(name: string | undefined): string | null {
  return name === undefined || name === '~' || name === '' ? null : name
}
