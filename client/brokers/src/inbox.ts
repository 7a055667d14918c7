/**
 * What the server sends to subscriptions. Messages of one topic are handled one after another; each is acknowledged when its handlers are
 * done, and handled once however often it comes. What no handler is there for is kept, not acknowledged.
 */
import { deferred, type Deferred } from './deferred.ts'
import { BrokerError, errorOf, type BrokerMessage, type Frame, type MessageHandler, type SubscribeOptions } from './types.ts'

export interface InboxOptions {
  /** Opens the envelope of a message, or rejects. */
  open(frame: { data: string; hash: unknown; topic: string; messageId: string; timestamp: number }): Promise<string>
  acknowledge(topic: string, messageId: string): void
  failed(error: Error): void
  /** There is no handler; told once for each message. */
  unhandled(topic: string, messageId: string): void
}

interface Handling {
  handler: MessageHandler
  plain: boolean
}

interface Subscription {
  handlings: Set<Handling>
  confirmed: Deferred<void>
}

type Outcome = 'handled' | 'failed' | 'nobody'

/** Ids of handled messages, in each of two generations. */
const remembered = 5_000
/** Messages kept until somebody wants them; the server sends what is beyond again. */
const keptUnhandled = 1_000

export class Inbox {
  readonly #options: InboxOptions
  readonly #subscriptions = new Map<string, Subscription>()
  /** The last of each topic that is under way. */
  readonly #lanes = new Map<string, Promise<Outcome>>()
  /** By message, and by whom it is for: the handling, so that a repetition waits for the first. */
  #handled = new Map<string, Map<string, Promise<Outcome>>>()
  #handledBefore = new Map<string, Map<string, Promise<Outcome>>>()
  readonly #unhandled = new Map<string, Frame>()
  #closed = false

  constructor(options: InboxOptions) {
    this.#options = options
  }

  topics(): Iterable<string> {
    return this.#subscriptions.keys()
  }

  /** `isNew`: the server has to be told of it. */
  add(
    topic: string,
    handler: MessageHandler,
    { plain = false }: SubscribeOptions = {},
  ): { isNew: boolean; confirmed: Promise<void>; remove(): boolean } {
    const known = this.#subscriptions.get(topic)
    const subscription = known ?? { handlings: new Set(), confirmed: deferred() }
    // Whoever wants to know awaits it; of the others none must be an unhandled rejection.
    subscription.confirmed.promise.catch(() => undefined)
    const handling = { handler, plain }
    subscription.handlings.add(handling)
    this.#subscriptions.set(topic, subscription)
    this.#offerUnhandled()
    /** True when it was the last handler of its topic. */
    const remove = (): boolean => {
      if (!subscription.handlings.delete(handling) || subscription.handlings.size > 0 || this.#subscriptions.get(topic) !== subscription)
        return false
      return this.remove(topic)
    }
    return { isNew: known === undefined, confirmed: subscription.confirmed.promise, remove }
  }

  remove(topic: string): boolean {
    this.#subscriptions.get(topic)?.confirmed.reject(new BrokerError('The subscription was ended'))
    return this.#subscriptions.delete(topic)
  }

  subscribed({ topic, success, error }: Frame): void {
    const subscription = this.#subscriptions.get(String(topic))
    if (subscription === undefined) return
    if (success === true) return subscription.confirmed.resolve()
    // So that it can be tried again.
    this.#subscriptions.delete(String(topic))
    subscription.confirmed.reject(new BrokerError(String(error)))
  }

  /** It may come for a group after it came for oneself: another member has gone. */
  take(frame: Frame): void {
    const [messageId, topic] = [String(frame.messageId), String(frame.topic)]
    const known = this.#handlingsOf(messageId)
    const fresh = recipientsOf(frame).filter((recipient) => !known.has(recipient))
    if (fresh.length > 0) this.#begin(frame, fresh)
    else this.#acknowledge(topic, messageId)
  }

  /** What has not begun is left to the server. */
  close(error: Error): void {
    this.#closed = true
    this.#unhandled.clear()
    for (const { confirmed } of this.#subscriptions.values()) confirmed.reject(error)
  }

  #begin(frame: Frame, recipients: readonly string[]): void {
    const [messageId, topic] = [String(frame.messageId), String(frame.topic)]
    const before = this.#lanes.get(topic)
    const handling = before === undefined ? this.#handle(frame, recipients) : before.then(() => this.#handle(frame, recipients))
    const known = this.#handlingsOf(messageId)
    for (const recipient of recipients) known.set(recipient, handling)
    this.#lanes.set(topic, handling)
    void handling.then((outcome) => {
      if (this.#lanes.get(topic) === handling) this.#lanes.delete(topic)
      if (outcome === 'handled') return this.#acknowledge(topic, messageId)
      for (const recipient of recipients) known.delete(recipient)
      if (outcome === 'nobody' && !this.#closed) this.#keep(frame, topic, messageId)
    })
  }

  /** Once, for all whom it is for: the server takes it for the answer of each. */
  #acknowledge(topic: string, messageId: string): void {
    void Promise.all(this.#handlingsOf(messageId).values()).then((outcomes) => {
      if (outcomes.every((outcome) => outcome === 'handled')) this.#options.acknowledge(topic, messageId)
    })
  }

  /** What is not handled stays with the server, which sends it again. */
  async #handle(frame: Frame, recipients: readonly string[]): Promise<Outcome> {
    try {
      const [messageId, topic] = [String(frame.messageId), String(frame.topic)]
      const handlings = this.#handlingsFor(recipients, topic)
      if (this.#closed) return 'failed'
      if (handlings.length === 0) return 'nobody'
      const timestamp = Number(frame.timestamp)
      const data = typeof frame.data === 'string' ? frame.data : JSON.stringify(frame.data)
      let opened: string | undefined
      for (const { handler, plain } of handlings) {
        const text = plain ? data : (opened ??= await this.#options.open({ data, hash: frame.hash, topic, messageId, timestamp }))
        await handler({
          topic,
          text,
          ...(frame.encoding === 'base64' ? { encoding: 'base64' as const } : {}),
          messageId,
          timestamp,
          retry: Number(frame.retry ?? 0),
          retained: frame.retained === true,
        } satisfies BrokerMessage)
      }
      return 'handled'
    } catch (error) {
      this.#options.failed(errorOf(error))
      return 'failed'
    }
  }

  /** None where one of those whom it is for has no handler yet. */
  #handlingsFor(recipients: readonly string[], topic: string): Handling[] {
    const matching = [...this.#subscriptions].filter(([name]) => filterMatches(filterOf(name), topic))
    const mine = matching.filter(([name]) => !isShared(name))
    const wanted = recipients.map((recipient) => (recipient === oneself ? mine : matching.filter(([name]) => name === recipient)))
    return wanted.some((each) => each.length === 0) ? [] : wanted.flat().flatMap(([, { handlings }]) => [...handlings])
  }

  #keep(frame: Frame, topic: string, messageId: string): void {
    const isNew = !this.#unhandled.has(messageId)
    this.#unhandled.set(messageId, frame)
    const [oldest] = this.#unhandled.keys()
    if (this.#unhandled.size > keptUnhandled && oldest !== undefined) this.#unhandled.delete(oldest)
    // A handler may have come while the one before was at work.
    if (this.#handlingsFor(recipientsOf(frame), topic).length > 0) return this.#offerUnhandled()
    if (isNew) this.#options.unhandled(topic, messageId)
  }

  #offerUnhandled(): void {
    for (const [messageId, frame] of [...this.#unhandled]) {
      if (this.#handlingsFor(recipientsOf(frame), String(frame.topic)).length === 0) continue
      this.#unhandled.delete(messageId)
      this.take(frame)
    }
  }

  #handlingsOf(messageId: string): Map<string, Promise<Outcome>> {
    const known = this.#handled.get(messageId) ?? this.#handledBefore.get(messageId)
    if (known !== undefined) return known
    if (this.#handled.size >= remembered) {
      this.#handledBefore = this.#handled
      this.#handled = new Map()
    }
    const made = new Map<string, Promise<Outcome>>()
    this.#handled.set(messageId, made)
    return made
  }
}

/** Whom a message is for beside the groups whose shared subscriptions it comes through. */
const oneself = ''
const recipientsOf = ({ shared, own }: Frame): string[] =>
  Array.isArray(shared) ? [...shared.map(String), ...(own === true ? [oneself] : [])] : [oneself]
const isShared = (name: string): boolean => name.startsWith('$share/')
const filterOf = (name: string): string => (isShared(name) ? name.slice(name.indexOf('/', 7) + 1) : name)

/** The server decided already; this only finds whose handler it is. */
function filterMatches(filter: string, topic: string): boolean {
  if (filter === topic) return true
  const levels = topic.split('/')
  const wanted = filter.split('/')
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true
    if (level !== '+' && level !== levels[index]) return false
  }
  return wanted.length === levels.length
}
