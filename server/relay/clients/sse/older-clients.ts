/** The open streams of clients of the HTTP+SSE transport (2024-11-05), and the addresses they send to. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { contained, within, type Scope } from '../../../isolation.ts'
import { randomToken } from '../../../secrets/random.ts'
import { bearerOf } from '../bearer.ts'
import type { MessageReader } from '../message-reader.ts'
import { headerOf, refuse } from '../refusals.ts'
import type { StoredSession } from '../../sessions/store.ts'
import { createInnerWay } from './inner-way.ts'
import { OlderClient } from './older-client.ts'
import type { Fetch } from '../../bridge/streamable-way.ts'

export interface OlderClientsGiven {
  /** The gateway, to which the messages go that are taken here. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  messages: Pick<MessageReader, 'read'>
}

interface Opened {
  client: OlderClient
  sessionId: string
  /** Of one that came by Bearer: whoever sends to its stream comes so as well. */
  bearer: string | undefined
  scope: Scope
}

const atMost = 1_000
const atMostOfOne = 100

/** A GET of a client that knows of no protocol session: the newer transports open their streams with one, if at all. */
export function opensOlderStream({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers['mcp-session-id'] === undefined && headers.accept?.includes('text/event-stream') === true
}

export class OlderClients {
  readonly #messages: OlderClientsGiven['messages']
  readonly #fetch: Fetch
  /** By the last part of the address to send to: good for one stream, and for no longer. */
  readonly #byStream = new Map<string, Opened>()

  constructor({ handle, messages }: OlderClientsGiven) {
    this.#messages = messages
    this.#fetch = createInnerWay(handle)
  }

  get size(): number {
    return this.#byStream.size
  }

  /** The session of a stream; undefined when there is no such stream. */
  sessionOf(stream: string): string | undefined {
    return this.#byStream.get(stream)?.sessionId
  }

  /** Opens a stream; `prefix` is what stands before the gateway's paths where the client called it. */
  open(session: StoredSession, request: IncomingMessage, response: ServerResponse, given: { secret: string; prefix: string }): void {
    const ofSession = [...this.#byStream.values()].filter(({ sessionId }) => sessionId === session.id).length
    if (this.#byStream.size >= atMost || ofSession >= atMostOfOne)
      return refuse(response, 503, -32000, 'Too many streams are open here: close some', { headers: { 'retry-after': '5' } })
    const stream = randomToken(24, randomBytes)
    const scope: Scope = { room: 'relay', kind: 'client', id: session.id, escaped: () => this.#byStream.get(stream)?.client.end() }
    const client = within(
      scope,
      () =>
        new OlderClient({
          ...{ response, secret: given.secret, fetch: this.#fetch, messagesAt: `${given.prefix}/mcp/messages/${stream}` },
          onEnd: () => this.#byStream.delete(stream),
        }),
    )
    this.#byStream.set(stream, { client, sessionId: session.id, bearer: bearerOf(request), scope })
  }

  /** Takes a message for a stream: it is acknowledged at once, and answered there. */
  async take(stream: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const opened = this.#byStream.get(stream)
    if (opened === undefined) return refuse(response, 404, -32001, 'There is no such stream: open one anew')
    if (opened.bearer !== undefined && bearerOf(request) !== opened.bearer)
      return refuse(response, 401, -32000, 'Send the Authorization header with which the stream was opened')
    const type = headerOf(request, 'content-type')
    if (type !== undefined && !/^application\/json\s*(;|$)/i.test(type))
      return refuse(response, 415, -32000, 'Send the body as application/json')
    const message = await this.#messages.read(request, response)
    if (message === null) return
    response.writeHead(202, { 'content-type': 'text/plain' })
    response.end('Accepted')
    contained(opened.scope, () => opened.client.take(message.body))()
  }

  /** Ends what belongs to a session that is over. */
  async end(sessionId: string): Promise<void> {
    await this.#endThose((opened) => opened.sessionId === sessionId)
  }

  async sweep(isOver: (sessionId: string) => boolean): Promise<void> {
    await this.#endThose(({ sessionId }) => isOver(sessionId))
  }

  async stop(): Promise<void> {
    await this.#endThose(() => true)
  }

  async #endThose(isMeant: (opened: Opened) => boolean): Promise<void> {
    await Promise.all([...this.#byStream.values()].filter(isMeant).map(({ client }) => client.end()))
  }
}
