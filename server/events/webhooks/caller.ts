/** Calls the address of a webhook, and notes what came of it. */
import type { Database } from 'better-sqlite3'
import type { Clock } from '../../clock.ts'
import type { ApiName } from '../../http/contract.ts'
import type { Egress } from '../../http/egress.ts'
import { reasonOf, within, type Scope } from '../../isolation.ts'
import { quickly } from '../../store/database.ts'
import type { AttemptStore } from './attempts-store.ts'
import type { DeliveryStore, Opened } from './deliveries-store.ts'
import type { Keeper } from './keeper.ts'
import { headersOf, postWebhook, shownHeaders } from './request.ts'
import type { SealedPart, Target, WebhookStore } from './store.ts'
import type { Attempt, Webhook } from './webhook.ts'

export interface CallerParts {
  database: Database
  store: Pick<WebhookStore, 'stand'>
  deliveries: Pick<DeliveryStore, 'delivered' | 'failed'>
  attempts: Pick<AttemptStore, 'add'>
  keeper: Pick<Keeper, 'afterDead' | 'afterDelivered' | 'bounds'>
  egress: Egress
  clock: Clock
  /** Adds to a body what is fetched or made for each call anew, e.g. a file or a link that ends. */
  complete?: Complete | undefined
  /** It needs a person now. */
  onTrouble(room: string): void
  /** What came of one call. */
  onOutcome?: ((webhook: Pick<Webhook, 'id' | 'subject'>, outcome: TellOutcome) => void) | undefined
}

/** `problem` is null for what was delivered; `isOver`: it is not tried again. */
export interface TellOutcome {
  problem: string | null
  isOver: boolean
}

export interface Outcome {
  /** `hopeless`: the same request would be answered the same, which says nothing of others. */
  how: 'delivered' | 'failed' | 'hopeless' | 'gone'
  /** Ms until this one is tried again; 0 when it is done or given up. */
  wait: number
  /** Ms for which the address asks to be left alone. */
  retryAfter: number | null
}

type OpenTarget = Omit<Target, 'opened'> & { opened: SealedPart }
type Sent = { id: string; body: string; replay?: boolean; test?: boolean }

/** Never rejects: a body that cannot be completed goes as it is. */
export type Complete = (target: Pick<Webhook, 'id' | 'subject' | 'media'>, body: string, signal: AbortSignal) => Promise<string>

export type Caller = ReturnType<typeof createCaller>

const timeout = 10_000
/** Answers after which the same request would be answered the same. */
const hopeless = new Set([400, 401, 403, 404, 405, 413, 415, 422])
const gone = 410

export function createCaller({
  database,
  store,
  deliveries,
  attempts,
  keeper,
  egress,
  clock,
  complete,
  onTrouble,
  onOutcome,
}: CallerParts) {
  /** One call; what it came to, in whichever way. */
  async function call(target: OpenTarget, sent: Sent, signal: AbortSignal): Promise<Attempt & { retryAfter: number | null }> {
    const { id, room, opened } = target
    const begun = clock.monotonic()
    const at = clock.now()
    const life = new AbortController()
    const scope: Scope = { room: room as ApiName, kind: 'webhook', id, escaped: (error) => life.abort(error) } // rooms hand in their own name
    const signals = AbortSignal.any([signal, life.signal])
    const body = complete === undefined ? sent.body : await complete(target, sent.body, signals)
    const wanted = { ...opened, ...sent, body, timestamp: Math.floor(at / 1_000), egress, timeout, signal: signals }
    const answer = await within(scope, () => postWebhook(wanted)).catch((error: unknown) =>
      reasonOf(life.signal.aborted ? life.signal.reason : error),
    )
    const made = { at, ms: Math.round(clock.monotonic() - begun), headers: shownHeaders(headersOf(wanted)) }
    if (typeof answer === 'string') return { ...made, status: null, problem: answer, answer: null, retryAfter: null }
    const { status, text, retryAfter } = answer
    return { ...made, status, problem: status >= 200 && status < 300 ? null : `answered ${status}`, answer: text, retryAfter }
  }

  /** The outcome, and what is to be kept of it: a time to try again, or null. */
  function judge(
    { status, problem, retryAfter }: Awaited<ReturnType<typeof call>>,
    wait: number | undefined,
  ): Outcome & { nextAt: number | null } {
    if (problem === null) return { how: 'delivered', wait: 0, retryAfter: null, nextAt: null }
    if (status === gone) return { how: 'gone', wait: 0, retryAfter: null, nextAt: clock.now() }
    if (status !== null && hopeless.has(status)) return { how: 'hopeless', wait: 0, retryAfter, nextAt: null }
    if (wait === undefined) return { how: 'failed', wait: 0, retryAfter, nextAt: null }
    const longer = Math.max(wait, retryAfter ?? 0)
    return { how: 'failed', wait: longer, retryAfter, nextAt: clock.now() + longer }
  }

  return {
    /** Rejects when it could not be noted. When `signal` aborts, nothing is: it waits as before. */
    async deliver(
      target: OpenTarget,
      { id, text, replay, attempts: before }: Opened & { text: string },
      waits: readonly number[],
      signal: AbortSignal,
    ): Promise<Outcome> {
      const attempt = await call(target, { id, body: text, replay }, signal)
      if (signal.aborted) return { how: 'delivered', wait: 0, retryAfter: null }
      const { nextAt, ...outcome } = judge(attempt, waits[before])
      const isDead = outcome.how !== 'delivered' && nextAt === null
      const note = database.transaction(() => {
        const known =
          outcome.how === 'delivered' ? deliveries.delivered(id, clock.now()) : deliveries.failed(id, attempt.problem ?? '', nextAt)
        // It was discarded, or its webhook removed, while it was under way.
        if (!known) return
        attempts.add(id, attempt, keeper.bounds.attempts)
        if (isDead) keeper.afterDead(target.id)
        if (outcome.how === 'gone') store.stand(target.id, 'gone', clock.now())
        if (outcome.how === 'delivered') keeper.afterDelivered(target, id)
      })
      quickly(database, note)
      if (isDead || outcome.how === 'gone') onTrouble(target.room)
      onOutcome?.(target, { problem: attempt.problem, isOver: isDead || outcome.how === 'delivered' })
      return outcome
    },
    /** Without a call. */
    giveUp({ id, webhookId }: Opened, problem: string): void {
      deliveries.failed(id, problem, null, false)
      keeper.afterDead(webhookId)
    },
    /** A sample: nothing is kept of it. */
    test: (target: OpenTarget, id: string, body: string, signal: AbortSignal): Promise<Attempt> =>
      call(target, { id, body, test: true }, signal),
  }
}
