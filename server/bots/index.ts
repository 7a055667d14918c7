/** The bots room: what it is made of, how it starts, stops and reports. */
import { randomBytes } from 'node:crypto'
import { iso } from '../clock.ts'
import type { AttentionItem } from '../room-report.ts'
import { createAnnouncer } from '../events/event-types.ts'
import { createWebhooks } from '../events/webhooks.ts'
import type { Room, RoomContext } from '../room.ts'
import { everyRange } from '../http/egress.ts'
import { escape } from '../isolation.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import { createActivityStore } from './activity/store.ts'
import { Activity } from './activity/activity.ts'
import type { Bot } from './bot/bot.ts'
import { createBotsApi } from './api/index.ts'
import { createBackups } from './backups/backups.ts'
import { createBackupStore } from './backups/store.ts'
import { createBaileysEngine } from './engine/baileys/engine.ts'
import { demoOf } from './pairing/demo.ts'
import type { Message } from './engine/message.ts'
import { botEvents } from './events.ts'
import { Inbox } from './messages/inbox.ts'
import { createLogStore, type LogStore } from './messages/log-store.ts'
import { lockedBackups, removeLocked } from './locked-store.ts'
import { createMessageStore } from './messages/outbox-store.ts'
import { Messages } from './messages/messages.ts'
import { Outbox } from './messages/outbox.ts'
import type { Authenticator } from './pairing/passkey.ts'
import { createRuleStore } from './rules/store.ts'
import { Rules, type Publisher } from './rules/rules.ts'
import { BotService, type BotServiceParts } from './service.ts'
import { needsPerson } from './bot/lifecycle.ts'
import type { BotState } from './contract/index.ts'
import { createBotStore } from './store.ts'

export interface BotsRoom extends Room {
  service: BotService
  messages: Messages
  outbox: Outbox
  /** What bots heard and sent, where that is kept. */
  log: Pick<LogStore, 'read'>
}

export interface BotsGiven {
  /** The variables that the contract names. */
  variables?: { apiKey: string | null; databaseFile: string | null } | undefined
  /** WhatsApp's server; the real one when null or left out. */
  whatsappUrl?: string | null | undefined
  windowUrl?(): string | null
  /** A bot is gone, by whatever way. */
  removed?(userId: string): void
  /** A browser in which a person uses a passkey; none when left out. */
  authenticator?: Authenticator | undefined
  /** Where rules may publish; nowhere when left out. */
  publisher?: Publisher | undefined
  /** For tests. */
  timing?: Pick<BotServiceParts, 'stagger' | 'patience'> & { qrTimeout?: number; backOff?: (times: number) => number }
}

export function createBotsRoom(
  context: RoomContext,
  { variables, whatsappUrl = null, windowUrl = () => null, publisher, authenticator, removed, timing = {} }: BotsGiven = {},
): BotsRoom {
  const { sealer, clock, log } = context
  const announcer = createAnnouncer(context.events, 'bots', botEvents)
  const own = variables?.databaseFile == null ? null : openDatabase(variables.databaseFile)
  if (own !== null) migrate(own)
  const database = own ?? context.database
  const { qrTimeout, backOff, ...patience } = timing
  const store = createBotStore(database, sealer)
  const backups = createBackups(createBackupStore(database), sealer, clock)
  const messageStore = createMessageStore(database, sealer)
  const webhooks = createWebhooks({
    database,
    sealer,
    clock,
    log,
    egress: context.egress.withRanges(() => (context.settings.current().webhooks.allowPrivate ? everyRange : [])),
  })
  const logStore = createLogStore(database, sealer)
  const activity = new Activity({ store: createActivityStore(database), historySince: store.historySince, clock, log })
  const limits = ({ row: { settings } }: Bot) => {
    const { pause, dailyCap, keepMessagesFor } = context.settings.current().bots
    return {
      pause: settings.pause ?? pause,
      dailyCap: settings.dailyCap ?? dailyCap,
      keepMessagesFor: settings.keepMessagesFor ?? keepMessagesFor,
    }
  }
  const messages = new Messages({
    store: messageStore,
    log: logStore,
    errors: log,
    clock,
    bots: () => service.list(),
    keepFor: (bot) => limits(bot).keepMessagesFor,
    trimmed: (bot) => inbox.trim(bot),
    told: ({ type, userId, ...data }) => webhooks.send('bots', userId, type, { userId, ...data }),
  })
  const outbox = new Outbox({
    ...{ store: messageStore, chats: logStore, clock, log, random: Math.random },
    ...(backOff === undefined ? {} : { backOff }),
    pace: (bot) => ({ pause: limits(bot).pause * 1_000, dailyCap: limits(bot).dailyCap }),
    // As the library makes them; a message has its id before there is a connection.
    newMessageId: () => `3EB0${randomBytes(9).toString('hex').toUpperCase()}`,
    settled: (userId, how) => activity.count(userId, how),
    progressed: (userId, row) => messages.progressed(userId, row),
  })
  const rules = new Rules({
    ...{ store: createRuleStore(database), outbox, publisher: publisher ?? null, clock, log },
    callWebhook: (userId, webhook, data) => webhooks.sendTo('bots', userId, webhook, 'rule', data),
    hasWebhook: (userId, webhook) => webhooks.list('bots', userId).some(({ id }) => id === webhook),
    told: (event) => messages.tell(event.userId, event),
    did: (what, userId, actor, rule, problem) => {
      context.changed('bots')
      announcer.emit({ type: `bot-${what}`, subject: userId, actor, data: { rule, problem } })
    },
  })
  const told = (bot: Bot, message: Message): void => {
    if (!message.fromMe) activity.count(bot.row.userId, 'received')
    messages.heard(bot, message)
  }
  const inbox = new Inbox({ store: store.inbox, log, tell: told, deal: (bot, message) => rules.heard(bot, message) })
  const service: BotService = new BotService({
    engine: createBaileysEngine({ url: whatsappUrl, log, egress: context.egress, ...(qrTimeout === undefined ? {} : { qrTimeout }) }),
    store,
    backups,
    clock,
    log,
    random: Math.random,
    onChange(bot, state) {
      context.changed('bots')
      if (state === null) return
      announcer.emit({ type: eventOf(state), subject: bot.row.userId, data: { reason: bot.row.reason ?? undefined } })
      messages.changedState(bot, state)
      inbox.recover(bot)
      if (state === 'online') outbox.pump(bot)
    },
    onArrival: (bot, digest, message) => inbox.arrived(bot, digest, message),
    onMessage: (bot, message) => {
      told(bot, message)
      rules.heard(bot, message).catch(escape)
    },
    onRefusal: (bot, messageId, refusal) => outbox.refused(bot, messageId, refusal),
    onProgress: (bot, messageId, progress) => outbox.progress(bot.row.userId, messageId, progress),
    authenticator: () => (context.settings.current().bots.passkeyCeremony ? (authenticator ?? null) : null),
    sent: (bot, messageId) => messageStore.encoded(bot.row.userId, messageId),
    onAction: (what, userId, actor) => {
      if (what === 'deleted' || what === 'unlinked') {
        outbox.forget(userId)
        rules.forget(userId)
        webhooks.removeAll('bots', userId)
        removed?.(userId)
      }
      if (what === 'changed') outbox.repace(service.get(userId))
      context.changed('bots')
      announcer.emit({ type: `bot-${what}`, subject: userId, actor })
    },
    ...patience,
  })

  const locked = { webhooks: 0, backups: 0 }
  const lookForLocked = (): void =>
    void Object.assign(locked, {
      webhooks: webhooks.locked('bots'),
      backups: service.list().some(({ isLocked }) => isLocked) ? lockedBackups(database, sealer) : 0,
    })

  return {
    name: 'bots',
    api: createBotsApi({
      service,
      egress: context.egress,
      outbox,
      messages,
      messageStore,
      logStore,
      rules,
      activity,
      limits,
      webhooks,
      store,
      backups,
      demo: demoOf(whatsappUrl),
      apiKey: variables?.apiKey ?? null,
      windowUrl,
    }),
    service,
    messages,
    outbox,
    log: logStore,
    async start() {
      messages.start()
      activity.trim()
      webhooks.start()
      for (const bot of service.list()) inbox.recover(bot)
      service.resume()
      lookForLocked()
    },
    async stop() {
      outbox.stop()
      await service.suspend()
      await rules.settled()
      activity.stop()
      messages.stop()
      await webhooks.stop()
      // It stays open for the next start; the end of the process closes it.
      own?.pragma('wal_checkpoint(TRUNCATE)')
    },
    locked() {
      const bots = service
        .list()
        .filter(({ isLocked }) => isLocked)
        .map(({ row }) => row.userId)
      return [
        ...(bots.length === 0 ? [] : [`${counted(bots.length, 'bot')} (${bots.join(', ')})`]),
        ...(locked.webhooks === 0 ? [] : [counted(locked.webhooks, 'webhook')]),
        ...(locked.backups === 0 ? [] : [counted(locked.backups, 'backup')]),
      ]
    },
    async giveUpLocked() {
      await Promise.all(service.list().map((bot) => bot.giveUpLocked()))
      for (const { row } of service.list()) removeLocked(database, sealer, row.userId)
      webhooks.giveUpLocked('bots')
      lookForLocked()
      context.changed('bots')
    },
    summary() {
      const bots = service.list()
      const online = bots.filter(({ state }) => state === 'online').length
      return {
        room: 'bots',
        count: online,
        unit: `of ${bots.length}`,
        text: bots.length === 0 ? 'No bot is linked' : `${online} online`,
        rateTitle: 'Messages',
        ratePer: 'min',
        total: messages.total,
      }
    },
    attention: () =>
      service.list().flatMap((bot): AttentionItem[] => {
        const { userId, label, state, reason, since } = bot.row
        if (!needsPerson(state)) return []
        const words = { logged_out: 'was logged out', blocked: 'was refused by WhatsApp', replaced: 'was replaced', failed: 'does not run' }
        const title = bot.isLocked
          ? `${label || userId} is locked`
          : `${label || userId} ${Object.entries(words).find(([name]) => name === state)?.[1] ?? state}`
        return [
          {
            id: `bots:${userId}:${state}`,
            room: 'bots',
            tone: state === 'failed' ? 'attention' : 'bad',
            title,
            text: reason ?? '',
            since: iso(since),
            action: null,
            subject: userId,
          },
        ]
      }),
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function eventOf(state: BotState) {
  return state === 'logged_out' ? ('bot-logged-out' as const) : (`bot-${state}` as const)
}
