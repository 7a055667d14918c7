/** The retained messages of a session: looked at, replaced, forgotten. */
import { iso } from '../../clock.ts'
import { filterOf } from '../in-process-client.ts'
import { previewOf } from '../views.ts'
import type { BrokerMessage, PublicationInput, RetainedMessage } from '../contract/messages.ts'
import type { Message } from '../engine/types.ts'
import { BrokerFault } from '../fault.ts'
import type { BrokerService } from '../service.ts'
import { hasWildcard } from '../engine/topics.ts'
import { messageView } from './message-view.ts'
import { publicationOf, publish, type Published } from './publish.ts'

export async function listRetained(
  service: BrokerService,
  name: string,
  { topic, after, limit }: { topic: string; after?: string | undefined; limit: number },
): Promise<{ messages: RetainedMessage[]; total: number; next: string | null }> {
  const { messages, total, more } = await service.engine.retained(service.byName(name).id, filterOf(topic), { after, limit })
  return { messages: messages.map(rowOf), total, next: more ? (messages.at(-1)?.topic ?? null) : null }
}

/** Throws `nothing-retained`. */
export async function retainedOn(service: BrokerService, name: string, topic: string): Promise<BrokerMessage> {
  return messageView(await find(service, name, topic), true)
}

/** Throws `empty-retained`, `retained-changed`, and what publishing throws. */
export async function replaceRetained(
  service: BrokerService,
  name: string,
  { replaces, ...input }: Omit<PublicationInput, 'retain' | 'messageId'> & { replaces?: string | undefined },
  publisher: string,
): Promise<Published> {
  const wanted = { ...input, retain: true }
  if (publicationOf(service, wanted, publisher).isEmpty) throw new BrokerFault('empty-retained')
  if (replaces !== undefined) {
    const now = await find(service, name, input.topic)
    if (now.id !== replaces) throw new BrokerFault('retained-changed')
  }
  return publish(service, name, wanted, publisher)
}

async function find(service: BrokerService, name: string, topic: string): Promise<Message> {
  if (hasWildcard(topic)) throw new BrokerFault('invalid-topic', 'Name one topic, without wildcards')
  const { messages } = await service.engine.retained(service.byName(name).id, filterOf(topic), { limit: 1 })
  const [message] = messages
  if (message === undefined) throw new BrokerFault('nothing-retained')
  return message
}

function rowOf(message: Message): RetainedMessage {
  const { topic, id, publisher, acceptedAt, expiresAt, body } = message
  return {
    ...{ topic, messageId: id, publisher, at: iso(acceptedAt), expiresAt: expiresAt === null ? null : iso(expiresAt) },
    ...{ bytes: body.length, preview: previewOf(message) },
  }
}
