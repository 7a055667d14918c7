/** The bots room: what it is made of, how it starts, stops and reports. */
import { createAnnouncer } from '../events/event-types.ts'
import { createWebhooks } from '../events/webhooks/webhooks.ts'
import { everyRange } from '../http/egress.ts'
import { LazyApi } from '../http/lazy-api.ts'
import type { Room, RoomContext } from '../room.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import { Activity } from './activity/activity.ts'
import { createActivityStore } from './activity/store.ts'
import { createAround } from './contacts/around.ts'
import { createBackups } from './backups/backups.ts'
import { createBackupStore } from './backups/store.ts'
import type { Bot } from './bot/bot.ts'
import type { BotState } from './contract/index.ts'
import { createBaileysEngine } from './engine/baileys/engine.ts'
import { botEvents } from './events.ts'
import { Groups } from './groups/groups.ts'
import { GroupPace, groupLimits } from './groups/pace.ts'
import { createStepStore } from './groups/step-store.ts'
import { createHappenings } from './happenings.ts'
import { createIncoming } from './incoming.ts'
import { createLockedRows } from './locked/locked-rows.ts'
import { limitsOf } from './limits.ts'
import { createMedia, type Media } from './media/media.ts'
import { createLogStore, type LogStore } from './messages/log-store.ts'
import { Messages } from './messages/messages.ts'
import { createOutboxStore } from './messages/outbox-store.ts'
import type { Outbox } from './messages/outbox.ts'
import { demoOf } from './pairing/demo.ts'
import type { Authenticator } from './pairing/passkey.ts'
import { createMerger } from './people/merging-store.ts'
import { People } from './people/people.ts'
import { concernsOf, countsOf } from './report.ts'
import type { Publisher } from './rules/publisher.ts'
import type { Composer } from './outgoing/composer.ts'
import { createOutgoing } from './outgoing/part.ts'
import { createRulesPart } from './rules/part.ts'
import { BotService, type BotServiceParts } from './service.ts'
import { createStatuses } from './status/part.ts'
import { createBotStore } from './store.ts'
import { createNewestVersion, versionOf } from './version/whatsapp-version.ts'
import { webhookConcerns } from './webhooks/report.ts'
import { tellWebhooks } from './webhooks/telling.ts'
import { createVoteStore } from './votes/store.ts'
import { Votes } from './votes/votes.ts'

export interface BotsRoom extends Room {
  service: BotService
  messages: Messages
  outbox: Outbox
  /** What bots heard and sent, where that is kept. */
  log: Pick<LogStore, 'read'>
  /** Files of messages. */
  media: Media
  composer: Composer
  people: Pick<People, 'idOf'>
}

export interface BotsGiven {
  /** The variables that the contract names. */
  variables?: { apiKey: string | null; databaseFile: string | null } | undefined
  /** WhatsApp's server; the real one when null or left out. */
  whatsappUrl?: string | null | undefined
  windowUrl?(): string | null
  /** Under which this API is reached. */
  ownUrl?(): string
  /** A bot is gone, by whatever way. */
  removed?(userId: string): void
  /** A browser in which a person uses a passkey; none when left out. */
  authenticator?: Authenticator | undefined
  /** Where rules may publish; nowhere when left out. */
  publisher?: Publisher | undefined
  /** Keeps the version of WhatsApp's program in the settings; null for the library's own. */
  keepVersion?(version: string | null): void
  /** For tests. */
  timing?: Pick<BotServiceParts, 'stagger' | 'patience'> & { backOff?: (times: number) => number }
}

const day = 86_400_000

export function createBotsRoom(
  context: RoomContext,
  {
    variables,
    whatsappUrl = null,
    windowUrl = () => null,
    ownUrl = () => '',
    publisher,
    authenticator,
    removed,
    keepVersion = () => {},
    timing = {},
  }: BotsGiven = {},
): BotsRoom {
  const { sealer, clock, log } = context
  const announcer = createAnnouncer(context.events, 'bots', botEvents)
  const own = variables?.databaseFile == null ? null : openDatabase(variables.databaseFile)
  if (own !== null) migrate(own)
  const database = own ?? context.database
  const { backOff, ...patience } = timing
  const spoken = (): string | null => context.settings.current().bots.whatsappVersion
  const engine = createBaileysEngine({ url: whatsappUrl, log, egress: context.egress, version: () => versionOf(spoken()) })
  const version = { set: spoken, own: engine.ownVersion, newest: createNewestVersion(context.egress, whatsappUrl), keep: keepVersion }
  const store = createBotStore(database, sealer)
  const backups = createBackups(createBackupStore(database), sealer, clock)
  const outboxStore = createOutboxStore(database, sealer)
  const webhooks = createWebhooks({
    room: 'bots',
    database,
    sealer,
    clock,
    log,
    egress: context.egress.withRanges(() => (context.settings.current().webhooks.allowPrivate ? everyRange : [])),
    onTrouble: () => context.changed('bots'),
    complete: (target, body, signal) => media.complete(target, body, signal),
  })
  const people = new People({
    ...{ database, merge: createMerger(database, sealer) },
    onMerged: (userId, was, chat) => messages.tell({ type: 'merged', userId, chat, was }),
  })
  const logStore = createLogStore(database, sealer, people)
  const activity = new Activity({ store: createActivityStore(database), historySince: store.historySince, clock, log })
  const limits = ({ row }: Bot) => limitsOf(row.settings, context.settings.current().bots)
  const votes = new Votes({ store: createVoteStore(database, sealer), tell: (event) => messages.tell(event) })
  const messages: Messages = new Messages({
    store: outboxStore,
    log: logStore,
    errors: log,
    clock,
    bots: () => service.list(),
    keepFor: (bot) => limits(bot).keepMessagesFor,
    onTrim(bot) {
      inbox.trim(bot)
      life.trim(bot)
      votes.trim(bot.row.userId, clock.now() - limits(bot).keepMessagesFor * day)
      statuses.trim()
      around.calls.trim(bot.row.userId, clock.now() - limits(bot).keepMessagesFor * day)
    },
    onEvent: (event) => tellWebhooks(webhooks, event),
  })
  const media = createMedia({
    ...{ ...context, database, limits, databaseFile: variables?.databaseFile ?? null },
    bots: () => service.list(),
    tell: (event) => messages.tell(event),
    isTold: (userId) => webhooks.list('bots', userId).some((webhook) => webhook.media !== 'none'),
    linkBase: () => (context.settings.current().bots.linkBase ?? ownUrl()).replace(/\/+$/, ''),
    onDiskRefusal: (refusal) => context.diskRefused?.('bots', refusal),
    backOff,
  })
  const { outbox, composer, restrictions } = createOutgoing({
    ...{ context, database, announcer, engine, outboxStore, logStore, people, votes, media, messages, activity, limits, backOff },
  })
  const around = createAround({
    ...{ database, sealer, clock, log, chatLog: logStore, outbox },
    tell: (event) => messages.tell(event),
    keptSince: (bot) => clock.now() - limits(bot).keepMessagesFor * day,
  })
  const { rules, runner, ...rulesPart } = createRulesPart({
    ...{ context, database, announcer, people, webhooks, outbox, publisher: publisher ?? null },
    tell: (event) => messages.tell(event),
  })
  const { life, inbox } = createIncoming({
    ...{ database, sealer, clock, log, inboxStore: store.inbox, outboxStore, people, votes, webhooks },
    ...{ activity, messages, media, presences: around.presences, chats: around.chats, statuses: () => statuses, runner },
  })
  const pace = new GroupPace({ clock, store: createStepStore(database), limits: (userId) => groupLimits(service.get(userId).row.settings) })
  const statuses = createStatuses({ database, sealer, clock, media, engine, logStore, messages })
  const groups = new Groups({ pace, log: logStore })
  const service: BotService = new BotService({
    engine,
    store,
    backups,
    clock,
    log,
    random: Math.random,
    onChange(bot, state) {
      context.changed('bots')
      if (state === null) return
      announcer.emit({
        type: eventOf(state),
        subject: bot.row.userId,
        data: { reason: bot.row.reason ?? undefined, cause: bot.row.cause ?? undefined },
      })
      messages.onState(bot, state)
      around.presences.onState(bot, state)
      inbox.recover(bot)
      if (state === 'online') outbox.pump(bot)
      if (state === 'online') media.onOnline(bot)
    },
    onArrival: (bot, digest, message) => inbox.onArrival(bot, digest, message),
    onMessage: (bot, message) => inbox.onMessage(bot, message),
    onRefusal: (bot, messageId, refusal) => outbox.onRefusal(bot, messageId, refusal),
    onHappening: createHappenings({
      log,
      tell: (event) => messages.tell(event),
      keepers: [life, groups, ...around.keepers, restrictions],
    }),
    onProgress: (bot, messageId, progress) => outbox.onProgress(bot, messageId, progress),
    authenticator: () => (context.settings.current().bots.passkeyCeremony ? (authenticator ?? null) : null),
    people: (userId) => people.of(userId),
    sent: (bot, messageId) => outboxStore.encoded(bot.row.userId, messageId),
    onAction: (action, userId, actor) => {
      if (action === 'deleted' || action === 'unlinked') {
        messages.forget(userId)
        outbox.forget(userId)
        rulesPart.forget(userId)
        restrictions.forget(userId)
        media.forget(userId)
        around.forget(userId)
        webhooks.removeAll('bots', userId)
        removed?.(userId)
      }
      if (action === 'changed') outbox.repace(service.get(userId))
      context.changed('bots')
      announcer.emit({ type: `bot-${action}`, subject: userId, actor })
    },
    ...patience,
  })

  const locked = createLockedRows({ database, sealer, webhooks, bots: () => service.list() })

  return {
    name: 'bots',
    api: new LazyApi(async () => {
      const { createBotsApi } = await import('./api/index.ts')
      return createBotsApi({
        service,
        egress: context.egress,
        outbox,
        messages,
        ...around,
        outboxStore,
        logStore,
        people,
        restrictions,
        media,
        version,
        votes,
        composer,
        rules,
        groups,
        statuses,
        newMessageId: () => engine.newMessageId(),
        activity,
        limits,
        webhooks,
        clock,
        store,
        backups,
        demo: demoOf(whatsappUrl),
        apiKey: variables?.apiKey ?? null,
        windowUrl,
      })
    }),
    service,
    messages,
    outbox,
    composer,
    people,
    log: logStore,
    media,
    async start() {
      messages.start()
      media.start()
      activity.trim()
      webhooks.start()
      for (const bot of service.list()) inbox.recover(bot)
      service.resume()
      locked.refresh()
    },
    async stop() {
      outbox.stop()
      restrictions.stop()
      await service.suspend()
      await runner.settled()
      activity.stop()
      messages.stop()
      await media.stop()
      await webhooks.stop()
      // It stays open for the next start; the end of the process closes it.
      own?.pragma('wal_checkpoint(TRUNCATE)')
    },
    locked: () => locked.list(),
    async giveUpLocked() {
      await locked.giveUp()
      context.changed('bots')
    },
    summary: () => countsOf(service.list(), messages.total),
    attention: () => [
      ...concernsOf(service.list(), restrictions),
      ...webhookConcerns(webhooks.troubles('bots'), (userId) => service.find(userId)?.row.label || userId),
    ],
  }
}

function eventOf(state: BotState) {
  return state === 'logged_out' ? ('bot-logged-out' as const) : (`bot-${state}` as const)
}
