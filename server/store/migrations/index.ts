/** All migrations in order. A released one never changes: what it got wrong, the next one mends. */
import { kernel } from './001-kernel.ts'
import { browsers } from './002-browsers.ts'
import { logins } from './003-logins.ts'
import { brokers } from './004-brokers.ts'
import { relay } from './005-relay.ts'
import { bots } from './006-bots.ts'
import { botMessages } from './007-bot-messages.ts'
import { loginActivity } from './008-login-activity.ts'
import { webhooks } from './009-webhooks.ts'
import { botRules } from './010-bot-rules.ts'
import { relayAccess } from './011-relay-access.ts'
import { loginIndexes } from './012-login-indexes.ts'
import { sealingCheck } from './013-sealing-check.ts'
import { rights } from './014-rights.ts'
import { botInbox } from './015-bot-inbox.ts'
import { loginLastSigning } from './016-login-last-signing.ts'
import { keptLogins } from './017-kept-logins.ts'
import { siteProfileSecrets } from './018-site-profile-secrets.ts'
import { botPeople } from './019-bot-people.ts'
import { botKnown } from './020-bot-known.ts'
import { botMedia } from './021-bot-media.ts'
import { botVotes } from './022-bot-votes.ts'
import { botStatus } from './023-bot-status.ts'
import { botContacts } from './024-bot-contacts.ts'
import { webhookDeliveries } from './025-webhook-deliveries.ts'
import { oneTimer } from './026-one-timer.ts'
import { relayServerOptions } from './027-relay-server-options.ts'
import { relayNames } from './028-relay-names.ts'
import { relayApis } from './029-relay-apis.ts'
import { relayCredits } from './030-relay-credits.ts'
import { relaySearch } from './031-relay-search.ts'
import { relayClients } from './032-relay-clients.ts'
import { brokerBridges } from './033-broker-bridges.ts'
import { brokerNamedClients } from './034-broker-named-clients.ts'
import { brokerRules } from './035-broker-rules.ts'

export interface Migration {
  /** Rises by one. */
  version: number
  name: string
  sql: string
}

export const migrations: readonly Migration[] = [kernel, browsers, logins, brokers, relay, bots, botMessages, loginActivity, webhooks, botRules, relayAccess, loginIndexes, sealingCheck, rights, botInbox, loginLastSigning, keptLogins, siteProfileSecrets, botPeople, botKnown, botMedia, botVotes, botStatus, botContacts, webhookDeliveries, oneTimer, relayServerOptions, relayNames, relayApis, relayCredits, relaySearch, relayClients, brokerBridges, brokerNamedClients, brokerRules]
