/** The rules of the room, loaded once there is one: most houses have none. */
import type { Locked } from '../../room-report.ts'
import type { Standing } from '../../http/rights.ts'
import type { RoomContext } from '../../room.ts'
import type { BrokerService } from '../service.ts'
import type { Rules } from './rules.ts'
import type { Teller } from './teller.ts'

export interface LazyRules {
  load(): Promise<Rules>
  start(): Promise<void>
  stop(): Promise<void>
  /** The session is about to be gone. */
  forget(sessionName: string): void
  concerns(): ReturnType<(typeof import('./report.ts'))['ruleConcerns']>
  locked(): Locked[]
  giveUpLocked(): void
}

export interface LazyRulesGiven {
  service: () => BrokerService
  context: RoomContext
  /** Nobody when left out. */
  teller?: Teller | undefined
  /** Nobody may do anything when left out. */
  standingOf?: ((maker: string) => Standing | null) | undefined
  changed(): void
}

export function createLazyRules({ service, context, teller, standingOf = () => null, changed }: LazyRulesGiven): LazyRules {
  let loaded: { rules: Rules; concernsOf: (typeof import('./report.ts'))['ruleConcerns'] } | null = null
  let loading: Promise<Rules> | null = null
  let isStarted = false

  async function make(): Promise<Rules> {
    const [{ makeRules }, { ruleConcerns }] = await Promise.all([import('./make-rules.ts'), import('./report.ts')])
    const rules = makeRules({ service: service(), context, teller: teller ?? null, standingOf, changed })
    loaded = { rules, concernsOf: ruleConcerns }
    if (isStarted) await rules.start()
    return rules
  }
  // One that could not be loaded is tried again with the next call.
  const load = (): Promise<Rules> => (loading ??= make().catch((error: unknown) => ((loading = null), Promise.reject(error))))

  return {
    load,
    async start() {
      isStarted = true
      if (loaded !== null) await loaded.rules.start()
      else if (context.database.prepare('SELECT 1 FROM broker_rules LIMIT 1').get() !== undefined) await load()
    },
    async stop() {
      isStarted = false
      await loaded?.rules.stop()
    },
    forget: (sessionName) => loaded?.rules.forget(sessionName),
    concerns: () => loaded?.concernsOf(loaded.rules) ?? [],
    locked() {
      const names = loaded?.rules.locked() ?? []
      return names.length === 0 ? [] : [{ kind: 'webhooks', count: names.length }]
    },
    giveUpLocked: () => loaded?.rules.giveUpLocked(),
  }
}
