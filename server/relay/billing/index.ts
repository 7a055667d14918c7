/** What calls cost and what became of them: the parts of this wing, put together. */
import type { Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import type { Log } from '../../log.ts'
import type { Database } from '../../store/database.ts'
import type { Accounts } from '../accounts.ts'
import { Secrets } from '../calls/secrets.ts'
import type { CallSteps } from '../calls/steps.ts'
import type { relayEvents } from '../events.ts'
import { CallLog } from './call-log.ts'
import { createCreditLedgerStore } from './credit-ledger-store.ts'
import { CreditLedger } from './credit-ledger.ts'
import { createDoubtsStore } from './doubts-store.ts'
import { Doubts } from './doubts.ts'
import { Holds } from './holds.ts'
import { Meter } from './metered-call.ts'
import { Usage } from './usage.ts'

export interface BillingOptions {
  database: Database
  accounts: Accounts
  clock: Clock
  log: Log
  events: Announcer<typeof relayEvents>
  /** Outermost first: what stands between a client and a tool. */
  steps: CallSteps
  /** What of a call is not to be kept. */
  secrets?: Secrets
  /** What the window shows of it has changed. */
  changed(what: 'relay-calls' | 'relay-usage'): void
}

export interface Billing {
  ledger: CreditLedger
  doubts: Doubts
  calls: CallLog
  meter: Meter
  usage: Usage
}

export function createBilling({
  database,
  accounts,
  clock,
  log,
  events,
  steps,
  secrets = new Secrets(),
  changed,
}: BillingOptions): Billing {
  const holds = new Holds()
  const store = createCreditLedgerStore(database)
  const tell = (): void => changed('relay-usage')
  const ledger = new CreditLedger({ store, accounts, clock, log, holds, changed: tell })
  const spent = (sessionId: string, credits: number): void => ledger.spent(sessionId, credits)
  const doubts = new Doubts({ store: createDoubtsStore(database), accounts, holds, clock, events, spent, changed: tell })
  const calls = new CallLog(clock, () => changed('relay-calls'))
  return { ledger, doubts, calls, meter: new Meter(ledger, calls, steps, secrets), usage: new Usage(ledger, store, clock) }
}
