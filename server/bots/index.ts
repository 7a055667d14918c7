/** The bots room: what it is made of, how it starts, stops and reports. */
import { randomBytes } from 'node:crypto'
import { iso } from '../clock.ts'
import type { AttentionItem } from '../control/contract.ts'
import { createWebhooks } from '../events/webhooks.ts'
import type { Room, RoomContext } from '../room.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import { announce, announceDeed } from './announce.ts'
import { createBotsApi } from './api.ts'
import { createBackups } from './backups.ts'
import { createBackupStore } from './backups-store.ts'
import { createBaileysEngine } from './baileys-engine.ts'
import { demoOf } from './demo.ts'
import { createMessageStore, type MessageStore } from './messages-store.ts'
import { Messages } from './messages.ts'
import { Outbox } from './outbox.ts'
import { BotService, type BotServiceParts } from './service.ts'
import { needsPerson } from './states.ts'
import { createBotStore } from './store.ts'

export interface BotsRoom extends Room {
  service: BotService
  messages: Messages
  outbox: Outbox
  /** What bots heard and sent, where that is kept. */
  log: Pick<MessageStore, 'read'>
}

export interface BotsGiven {
  /** The variables that the contract names. */
  variables?: { apiKey: string | null; databaseFile: string | null } | undefined
  /** WhatsApp's server; the real one when null or left out. */
  whatsappUrl?: string | null | undefined
  windowUrl?(): string | null
  /** For tests. */
  timing?: Pick<BotServiceParts, 'stagger' | 'patience'> & { qrTimeout?: number }
}

export function createBotsRoom(context: RoomContext, { variables, whatsappUrl = null, windowUrl = () => null, timing = {} }: BotsGiven = {}): BotsRoom {
  const { sealer, clock, events, log } = context
  const own = variables?.databaseFile == null ? null : openDatabase(variables.databaseFile)
  if (own !== null) migrate(own)
  const database = own ?? context.database
  const { qrTimeout, ...patience } = timing
  const store = createBotStore(database, sealer)
  const backups = createBackups(createBackupStore(database), sealer, clock)
  const messageStore = createMessageStore(database, sealer)
  const webhooks = createWebhooks({ database, sealer, clock, log, allowPrivate: () => context.settings.current().webhooks.allowPrivate })
  const messages = new Messages({ store: messageStore, clock, told: ({ type, userId, ...data }) => webhooks.send('bots', userId, type, { userId, ...data }), keepFor: () => context.settings.current().bots.keepMessagesFor })
  const outbox = new Outbox({
    store: messageStore,
    clock,
    log,
    random: Math.random,
    pace: () => {
      const { pause, dailyCap } = context.settings.current().bots
      return { pause: pause * 1_000, dailyCap }
    },
    // As the library makes them; a message has its id before there is a connection.
    newMessageId: () => `3EB0${randomBytes(9).toString('hex').toUpperCase()}`,
    progressed: (userId, row) => messages.progressed(userId, row),
  })
  const service: BotService = new BotService({
    engine: createBaileysEngine({ url: whatsappUrl, log, ...(qrTimeout === undefined ? {} : { qrTimeout }) }),
    store,
    backups,
    clock,
    log,
    random: Math.random,
    changed(bot, state) {
      context.changed('bots')
      if (state === null) return
      announce(events, bot, state)
      messages.changedState(bot, state)
      if (state === 'online') outbox.pump(bot)
    },
    heard: (bot, message) => messages.heard(bot, message),
    progressed: (bot, messageId, progress) => outbox.progress(bot.row.userId, messageId, progress),
    sent: (bot, messageId) => messageStore.encoded(bot.row.userId, messageId),
    did: (what, userId, actor) => {
      if (what === 'deleted' || what === 'unlinked') {
        outbox.forget(userId)
        webhooks.removeAll('bots', userId)
      }
      context.changed('bots')
      announceDeed(events, what, userId, actor)
    },
    ...patience,
  })

  return {
    name: 'bots',
    api: createBotsApi({ service, outbox, messages, messageStore, webhooks, store, backups, demo: demoOf(whatsappUrl), apiKey: variables?.apiKey ?? null, windowUrl }),
    service,
    messages,
    outbox,
    log: messageStore,
    async start() {
      messages.trim()
      webhooks.start()
      service.resume()
    },
    async stop() {
      outbox.stop()
      await service.suspend()
      messages.stop()
      await webhooks.stop()
      own?.close()
    },
    summary() {
      const bots = service.list()
      const online = bots.filter(({ state }) => state === 'online').length
      return { room: 'bots', count: online, unit: `of ${bots.length}`, text: bots.length === 0 ? 'No bot is linked' : `${online} online`, rateTitle: 'Messages', ratePer: 'min', total: messages.total }
    },
    attention: () => service.list().flatMap((bot): AttentionItem[] => {
      const { userId, label, state, reason, since } = bot.row
      if (!needsPerson(state)) return []
      const words = { logged_out: 'was logged out', blocked: 'was refused by WhatsApp', replaced: 'was replaced', failed: 'does not run' }
      const title = `${label || userId} ${Object.entries(words).find(([name]) => name === state)?.[1] ?? state}`
      return [{ id: `bots:${userId}:${state}`, room: 'bots', tone: state === 'failed' ? 'attention' : 'bad', title, text: reason ?? '', since: iso(since), action: null, subject: userId }]
    }),
  }
}
