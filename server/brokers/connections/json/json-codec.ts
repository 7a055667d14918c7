/** The JSON protocol (`docs/brokers.md`, JSON frames): reads a client's frames, one handler for each type, and sends it messages. */
import { forbiddenFor } from './json-access.ts'
import type { Attachment } from '../../engine/broker-engine.ts'
import { logTopic, parseFilter } from '../../engine/topics.ts'
import type { Delivery, HowDelivered, Message, Receipt } from '../../engine/types.ts'
import type { Clients, EntranceRefusal } from '../../clients.ts'
import type { ClientConnection } from '../shared/client-connection.ts'
import type { Codec, Place } from '../shared/codec.ts'
import { webSocketFrame } from '../shared/wire.ts'
import { listDevices, registerDevice, unregisterDevice } from './json-devices.ts'
import { JsonFiles } from './json-files.ts'
import { messageFrame, messageFrameWith, parseFrame, readPublish, receiptFrames, sharedBy, type Frame } from './json-frames.ts'

/** Unsent bytes of a file's receiver above which its sender waits. */
const fileAhead = 1_048_576
const notStored = 'Subscription could not be stored'

const refusals: Readonly<Record<EntranceRefusal, string>> = {
  'session-not-found': 'Session not found',
  'invalid-password': 'Invalid password',
  // Of a will, which JSON clients have none of.
  'not-allowed': 'Not allowed',
  suspended: 'Session is suspended',
  'too-many-attempts': 'Too many attempts',
  'too-many-clients': 'Session has too many clients',
  'too-many-kept': 'Session keeps too many clients',
  'not-ready': 'Server is starting',
}

const finalRefusals = ['too-many-attempts', 'suspended', 'too-many-clients', 'too-many-kept'] as const

/** Trying again on this connection would not help. */
function isFinal(refusal: EntranceRefusal): refusal is (typeof finalRefusals)[number] {
  return (finalRefusals as readonly EntranceRefusal[]).includes(refusal)
}

export class JsonCodec implements Codec {
  readonly protocol = 'json'
  readonly pingEvery = 30_000
  readonly #connection: ClientConnection
  readonly #clients: Clients
  readonly #files: JsonFiles

  constructor(connection: ClientConnection) {
    this.#connection = connection
    this.#clients = connection.clients
    this.#files = new JsonFiles(
      (frame) => this.#say(frame),
      () => connection.backpressure.hold(),
    )
  }

  get isOwed(): boolean {
    return this.#connection.attachment?.isOwed ?? false
  }

  onBytes(bytes: Buffer, isBinary: boolean): void {
    if (this.#connection.state === 'authenticating') {
      if (!this.#connection.keepForLater(() => this.onBytes(bytes, isBinary))) this.#connection.close('protocol-error')
      return
    }
    try {
      this.#onFrame(bytes, isBinary)
    } catch (error) {
      this.#reportInternalError(error)
    }
  }

  #onFrame(bytes: Buffer, isBinary: boolean): void {
    const { place } = this.#connection
    if (isBinary) return place === null ? this.#say({ error: 'Not initialized' }) : this.#files.relayChunk(bytes, place.attachment)
    const frame = parseFrame(bytes.toString('utf8'))
    if (frame === 'unparsable') return
    // For clients that cannot ping by themselves, as browsers' cannot.
    if (frame.type === 'ping') return this.#say({ type: 'pong' })
    if (frame.type === 'init') return this.#inBackground(this.#init(frame))
    if (place === null) return this.#say({ error: 'Not initialized' })
    this.#handle(frame, bytes, place)
  }

  #handle(frame: Frame, bytes: Buffer, place: Place): void {
    const forbidden = place.access === null ? null : forbiddenFor(frame, place.access)
    if (forbidden !== null) return this.#say(forbidden)
    switch (frame.type) {
      case 'publish':
        return this.#publish(frame, place)
      case 'ack':
        if (typeof frame['messageId'] === 'string') place.attachment.acknowledge(frame['messageId'])
        return
      case 'subscribe':
        return this.#inBackground(this.#subscribe(frame, place))
      case 'unsubscribe':
        return this.#inBackground(this.#unsubscribe(frame, place))
      case 'init_file':
      case 'end_file':
        return this.#files.relayFrame(frame, bytes, place.attachment)
      case 'register_fcm_token':
        return this.#say(registerDevice(frame, place.session, this.#clients))
      case 'unregister_fcm_token':
        return this.#say(unregisterDevice(frame, place.session, this.#clients))
      case 'get_registered_devices':
        return this.#say(listDevices(frame, place.session, this.#clients))
      default:
        return this.#say({ error: 'Unknown message type' })
    }
  }

  /** `init {sessionName, password, userId?}` → `init_response`. A client that says who it is is kept while it is away. */
  async #init({ sessionName, password, userId }: Frame): Promise<void> {
    const connection = this.#connection
    const user = typeof userId === 'string' && userId !== '' ? userId.slice(0, 256) : null
    await connection.logIn({
      loginName: typeof sessionName === 'string' ? sessionName : '',
      user,
      password: typeof password === 'string' ? password : '',
      enter: ({ policy: { keepAwayFor } }) => ({
        name: user ?? `anonymous ${connection.id}`,
        options: {
          key: user === null ? `anonymous:${connection.id}` : `user:${user}`,
          durable: user !== null,
          keepFor: keepAwayFor,
        },
      }),
      onAccepted: (_, session) => this.#say({ type: 'init_response', success: true, sessionName: session.name }),
      onRefused: (refusal) => {
        this.#say({ type: 'init_response', success: false, error: refusals[refusal] })
        if (isFinal(refusal)) connection.close(refusal)
      },
    })
  }

  /** `publish {topic, data, hash, timestamp, messageId}` → `publish_response` once it is as durable as the session asks for. */
  #publish(frame: Frame, { attachment }: Place): void {
    const read = readPublish(frame, () => this.#clients.newMessageId())
    if (typeof read === 'string') {
      const { messageId } = frame
      return this.#say({ type: 'publish_response', success: false, error: read, ...(typeof messageId === 'string' ? { messageId } : {}) })
    }
    const { topic, id, frame: ready, body, isEmpty, retain, qos, expiresIn } = read
    const publisher = this.#connection.name
    attachment.publish({ topic, id, frame: ready, body, isEmpty, retain, qos, expiresIn, source: 'json', properties: null, publisher }, id)
  }

  /** `subscribe {topic}` → `subscribe_response`, then what is retained there. */
  async #subscribe({ topic }: Frame, { attachment }: Place): Promise<void> {
    const answer = { type: 'subscribe_response', ...(typeof topic === 'string' ? { topic } : {}) }
    const parsed = typeof topic === 'string' ? parseFilter(topic) : null
    if (typeof topic !== 'string' || parsed === null) return this.#say({ ...answer, success: false, error: 'Invalid topic' })
    const { outcomes, isStored } = await attachment.subscribe([
      { name: topic, ...parsed, qos: 1, noLocal: true, retainAsPublished: false, identifier: null },
    ])
    // Gone meanwhile, or in another session.
    if (this.#connection.attachment !== attachment) return
    if (outcomes[0] === 'not-allowed') return this.#say({ ...answer, success: false, error: 'Not allowed to subscribe to this topic' })
    if (outcomes[0] === 'too-many') return this.#say({ ...answer, success: false, error: 'Too many subscriptions' })
    if (!isStored) return this.#say({ ...answer, success: false, error: notStored })
    this.#say({ type: 'subscribe_response', success: true, topic })
    if (outcomes[0] === 'new' && parsed.group === null && parsed.filter !== logTopic) attachment.sendRetained(parsed.filter, 0, [])
  }

  /** `unsubscribe {topic}` → `unsubscribe_response`, whether it was subscribed to or not. */
  async #unsubscribe({ topic }: Frame, { attachment }: Place): Promise<void> {
    if (typeof topic !== 'string') return this.#say({ type: 'unsubscribe_response', success: false, error: 'Invalid topic' })
    const { isStored } = await attachment.unsubscribe([topic])
    if (this.#connection.attachment !== attachment) return
    this.#say(
      isStored
        ? { type: 'unsubscribe_response', success: true, topic }
        : { type: 'unsubscribe_response', success: false, topic, error: notStored },
    )
  }

  // To the client

  hasRoom(): boolean {
    return true
  }

  send({ message, tries, triedBefore, shares, isOwn }: Delivery): boolean {
    const retry = tries - 1 + triedBefore
    // Nearly always: no field to add, and one frame for all.
    const isPlain = retry === 0 && shares.length === 0
    this.#connection.write(
      isPlain ? messageFrame(message) : messageFrameWith(message, { ...(retry === 0 ? {} : { retry }), ...sharedBy(shares, isOwn) }),
    )
    return true
  }

  sendOnce(message: Message, { shares, isOwn }: HowDelivered, retained: boolean): void {
    const isPlain = !retained && shares.length === 0
    this.#connection.write(
      isPlain
        ? messageFrame(message)
        : messageFrameWith(message, { ...(retained ? { retained: true as const } : {}), ...sharedBy(shares, isOwn) }),
    )
  }

  log(text: string, at: number): void {
    this.#say({ type: 'log', data: text, timestamp: at })
  }

  relay(frame: Buffer): boolean {
    const { wire, backpressure } = this.#connection
    this.#connection.write(frame)
    if (wire.unsent > fileAhead) backpressure.hasRoom()
    return wire.unsent <= fileAhead
  }

  accepted(receipt: Receipt): void {
    this.#connection.write(receiptFrames(receipt))
  }

  // Its life

  onAttached(attachment: Attachment): void {
    attachment.resume()
  }

  onDetached(): void {
    this.#files.clear()
  }

  onTick(): void {
    // Nothing of its own waits.
  }

  sayGoodbye(): void {
    // The close code says it.
  }

  onFault(): void {
    this.#connection.close('fault')
  }

  /** A fault of ours: the client hears that there was one, the log hears which. The connection, the session and the server live on. */
  #reportInternalError(error: unknown): void {
    this.#clients.reportInternalError(error)
    this.#say({ error: 'Internal server error' })
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => this.#reportInternalError(error))
  }

  #say(frame: object): void {
    this.#connection.write(webSocketFrame(JSON.stringify(frame), 'text'))
  }
}
