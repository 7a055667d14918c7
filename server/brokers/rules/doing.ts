/** Does what a rule says: hands a message to its webhook, another topic or a bot. */
import { KernelFault } from '../../fault.ts'
import type { Webhooks } from '../../events/webhooks/webhooks.ts'
import { ownerStanding, type Standing } from '../../http/rights.ts'
import { refusalTexts } from '../connections/json/json-frames.ts'
import type { Refusal } from '../engine/types.ts'
import { BrokerFault } from '../fault.ts'
import { GivenUp } from '../in-process/worker.ts'
import { handIn, publicationOf } from '../messages/publish.ts'
import type { BrokerService } from '../service.ts'
import type { Handover } from './handover.ts'
import { markedBy } from './hops.ts'
import type { Rendered } from './rendered.ts'
import type { Teller } from './teller.ts'

export interface Doing {
  service: BrokerService
  webhooks: Pick<Webhooks, 'sendTo' | 'waiting'>
  handover: Handover
  teller: Teller | null
  /** What whoever made something may do now; null when he may do nothing any more. */
  standingOf(maker: string): Standing | null
}

export interface Deed {
  rule: { id: string; name: string; madeBy: string | null; session: { readonly id: number; readonly name: string } }
  rendered: Rendered
  /** Of the message, which orders the calls of a webhook. */
  topic: string
  hops: readonly string[]
  name: string
}

export const webhookRoom = 'brokers'
/** Calls that wait for one address; what comes then stays in the rule's queue. */
const mostWaiting = 1_000
/** What another try would not change. */
const lasting: ReadonlySet<Refusal> = new Set<Refusal>(['too-large', 'invalid-topic', 'reserved-topic', 'system-topic'])

/** Throws `GivenUp` for what no further try would do. */
export async function carryOut(doing: Doing, deed: Deed): Promise<void> {
  switch (deed.rendered.type) {
    case 'webhook':
      return callWebhook(doing, deed, deed.rendered)
    case 'topic':
      return publish(doing, deed, deed.rendered)
    case 'bot':
      return tell(doing, deed, deed.rendered)
  }
}

/** Why the rule may not do it; null where it may. */
export function refusalOf(
  { service, teller }: Pick<Doing, 'service' | 'teller'>,
  rendered: Rendered,
  own: string,
  by: Standing | null,
): string | null {
  if (rendered.type === 'topic') {
    const { session } = rendered
    if (!service.has(session)) return `There is no session ${session}`
    return session === own || mayPublish(service, by, session) ? null : 'Whoever added this rule may not publish there'
  }
  if (rendered.type !== 'bot') return null
  if (teller === null) return 'This Wheelhouse runs without bots'
  return by !== null && teller.allows(by, rendered.bot)
    ? null
    : `Whoever added this rule may not send through ${rendered.bot}, or it is gone`
}

export function mayPublish(service: BrokerService, by: Standing | null, session: string): boolean {
  if (by === null || !service.has(session)) return false
  return by.may('brokers:use', session) && by.reaches('brokers', { subject: session, makers: [service.byName(session).madeBy] })
}

async function callWebhook(doing: Doing, { rule, topic, name }: Deed, { webhook, body }: Extract<Rendered, { type: 'webhook' }>) {
  await doing.handover.run(() => {
    const { webhooks } = doing
    if (webhooks.waiting(webhook) >= mostWaiting) throw new Error(`${mostWaiting} calls wait for its webhook already`)
    try {
      webhooks.sendTo(webhookRoom, rule.session.name, webhook, 'message', body, { key: topic, once: name })
    } catch (error) {
      // It is a dead letter of the webhook already, or the webhook went with its rule.
      if (KernelFault.is(error, 'webhook-backlog') || KernelFault.is(error, 'webhook-not-found')) throw new GivenUp(error.message)
      throw error
    }
  })
}

async function publish(doing: Doing, { rule, hops }: Deed, rendered: Extract<Rendered, { type: 'topic' }>): Promise<void> {
  const { service } = doing
  const problem = refusalOf(doing, rendered, rule.session.name, standingOf(doing, rule.madeBy))
  if (problem !== null) throw new GivenUp(problem)
  if (!service.isReady) throw new BrokerFault('not-ready')
  const { refusal } = await handIn(service, service.byName(rendered.session).id, publicationFor(service, rendered, rule, hops))
  if (refusal === null) return
  throw lasting.has(refusal) ? new GivenUp(refusalTexts[refusal]) : new Error(`${rendered.session}: ${refusalTexts[refusal]}`)
}

function publicationFor(
  service: BrokerService,
  { publication }: Extract<Rendered, { type: 'topic' }>,
  { id, name }: Deed['rule'],
  hops: readonly string[],
) {
  try {
    const made = publicationOf(service, publication, `rule ${name}`)
    return { ...made, properties: markedBy(id, made.properties, hops) }
  } catch (error) {
    if (BrokerFault.is(error, 'invalid-message')) throw new GivenUp(error.message)
    throw error
  }
}

function tell(doing: Doing, { rule, name }: Deed, rendered: Extract<Rendered, { type: 'bot' }>): void {
  const problem = refusalOf(doing, rendered, rule.session.name, standingOf(doing, rule.madeBy))
  if (problem !== null) throw new GivenUp(problem)
  const { bot, chat, text } = rendered
  const refused = doing.teller?.tell({ bot, chat, text, id: `${rule.id}:${name}` }) ?? null
  if (refused !== null) throw refused.isLasting ? new GivenUp(refused.problem) : new Error(refused.problem)
}

const standingOf = ({ standingOf: of }: Doing, madeBy: string | null): Standing | null => (madeBy === null ? ownerStanding : of(madeBy))
