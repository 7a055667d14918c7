/** The engine on baileys: how its sockets are set up. What one does is in `connection.ts`; its traps are kept within this folder. */
import { randomBytes } from 'node:crypto'
import type { Egress } from '../../../http/egress.ts'
import type { Log } from '../../../log.ts'
import type { Engine } from '../engine.ts'
import type { Version } from '../../version/whatsapp-version.ts'
import { createProxyAgent } from '../proxy-agent.ts'
import { createConnection, type ConnectionLife } from './connection.ts'
import { readForeignLink } from './foreign-link.ts'
import { attendDirty } from './dirty.ts'
import { createGroupCache } from './group-cache.ts'
import { isReadHere } from './history.ts'
import { createKeeping } from './keeping.ts'
import { holdsLink, openLink } from './link.ts'
import { qrCodes } from './pairing.ts'
import { hearPeople, withKeys } from './people.ts'
import { followTrail } from './trail.ts'

export interface BaileysOptions {
  /** The real server when null. */
  url: string | null
  log: Log
  /** The version of WhatsApp's program to speak; null for the library's own. */
  version(): Version | null
  /** Judges the address of a proxy. */
  egress: Egress
}

/** Ms that the library shows the first QR, and each further one. */
const qrLife = [60_000, 20_000] as const

export function createBaileysEngine({ url, log, version, egress }: BaileysOptions): Engine {
  return {
    qrLife,
    pairingLife: qrLife[0] + (qrCodes - 1) * qrLife[1],
    isLinked: holdsLink,
    readForeign: async (files) => readForeignLink(files, await import('baileys')),
    ownVersion: async () => (await import('baileys')).DEFAULT_CONNECTION_CONFIG.version.join('.'),
    // As the library makes them.
    newMessageId: () => `3EB0${randomBytes(9).toString('hex').toUpperCase()}`,
    async connect(rows, events, { proxy, passkeyPatience, people: known, trail, history }) {
      // Late: the library takes 100 ms and 60 MB, which who has no bot should not pay.
      const library = await import('baileys')
      const life: ConnectionLife = { isOver: false, fail: () => {} }
      const people = withKeys(known, rows, { creds: () => link.state.creds, isOver: () => life.isOver })
      const link = openLink(
        rows,
        library,
        (error) => life.fail(error),
        (pairs) => people.learn(pairs),
      )
      const groups = createGroupCache()
      const keeping = createKeeping({
        ...{ library, rows, creds: link.state.creds, people },
        arrived(digest, message, address) {
          people.heard(message.chat, address)
          events.arrived(digest, message)
        },
        isOver: () => life.isOver,
      })
      const agent = proxy === null ? undefined : await createProxyAgent(proxy, egress)
      const spoken = version()
      const socket = library.makeWASocket({
        ...(url === null ? {} : { waWebSocketUrl: url }),
        ...(agent === undefined ? {} : { agent, fetchAgent: agent }),
        ...(spoken === null ? {} : { version: spoken }),
        auth: link.state,
        logger: quietLog,
        makeSignalRepository: keeping.makeSignalRepository,
        browser: library.Browsers.ubuntu('Chrome'),
        syncFullHistory: history() !== null,
        // The library would read them in one go, and delay the first start by 20 s.
        shouldSyncHistoryMessage: ({ syncType }) => !isReadHere(library.proto, syncType),
        // The phone would otherwise stop ringing while a bot is online.
        markOnlineOnConnect: false,
        cachedGroupMetadata: (id) => groups.of(id),
        getMessage: async ({ id }) => {
          const encoded = id == null ? null : events.sent(id)
          return encoded === null ? undefined : library.proto.Message.decode(encoded)
        },
      })
      const moreQrs = passkeyPatience === null ? 0 : Math.ceil(passkeyPatience / qrLife[1])
      followTrail(socket, library, trail)
      hearPeople(socket, people)
      groups.attach(socket)
      attendDirty(socket, log)
      keeping.attach(socket)
      return createConnection({ library, socket, link, events, keeping, people, groups, agent, life, log, moreQrs, history })
    },
  }
}

/** What the library logs is about frames and keys; what of it matters comes as events. */
const quietLog = { level: 'silent', child: () => quietLog, trace() {}, debug() {}, info() {}, warn() {}, error() {} }
