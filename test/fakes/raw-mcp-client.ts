/** An MCP client reduced to its requests: what a test sends is what goes over the wire, and a connection is cut when the test says so. */
import { text as textOf } from 'node:stream/consumers'

export interface RawEvent {
  id: string | undefined
  /** Null for an event that only carries an id. */
  message: RawMessage | null
}
export interface RawMessage {
  id?: unknown
  method?: string
  params?: { level?: string; data?: unknown }
  result?: { content?: { text?: string }[]; [more: string]: unknown }
  error?: { code: number; message: string; data?: unknown }
}

export interface RawAnswer {
  status: number
  contentType: string
  /** One by one as they come; a JSON answer is one event without an id. */
  next(): Promise<RawEvent | undefined>
  /** All that is still to come. */
  rest(): Promise<RawMessage[]>
  drop(): void
}

const accept = 'application/json, text/event-stream'

export class RawMcpClient {
  readonly #url: string
  readonly #version: string
  #session: string | undefined
  #lastId = 0

  /** `session` is one that a client was given before. */
  constructor(url: string, version = '2025-11-25', session?: string) {
    this.#url = url
    this.#version = version
    this.#session = session
  }

  get session(): string | undefined {
    return this.#session
  }

  async initialize(capabilities: object = {}): Promise<this> {
    const answer = await this.#send('POST', {
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: { protocolVersion: this.#version, capabilities, clientInfo: { name: 'raw', version: '1' } },
    })
    await answer.rest()
    await this.notify('notifications/initialized')
    return this
  }

  /** Resolves with the beginning of the answer. */
  request(method: string, params: object = {}, id: unknown = (this.#lastId += 1)): Promise<RawAnswer> {
    return this.#send('POST', { jsonrpc: '2.0', id, method, params })
  }

  call(name: string, given: object = {}, id?: unknown): Promise<RawAnswer> {
    return this.request('tools/call', { name, arguments: given }, id)
  }

  /** The text that a tool answers. */
  async said(name: string, given: object = {}): Promise<string> {
    const messages = await (await this.call(name, given)).rest()
    const last = messages.at(-1)
    if (last?.result === undefined) throw new Error(JSON.stringify(messages))
    return last.result.content?.[0]?.text ?? ''
  }

  async notify(method: string, params: object = {}): Promise<number> {
    return (await this.#send('POST', { jsonrpc: '2.0', method, params })).status
  }

  /** The stream of what servers say by themselves. */
  listen(): Promise<RawAnswer> {
    return this.#send('GET')
  }

  resume(lastEventId: string): Promise<RawAnswer> {
    return this.#send('GET', undefined, { 'last-event-id': lastEventId })
  }

  async end(): Promise<number> {
    return (await this.#send('DELETE')).status
  }

  async #send(method: string, body?: object, more: Record<string, string> = {}): Promise<RawAnswer> {
    const cut = new AbortController()
    const response = await fetch(this.#url, {
      method,
      signal: cut.signal,
      headers: {
        accept,
        ...(this.#session === undefined ? {} : { 'mcp-session-id': this.#session, 'mcp-protocol-version': this.#version }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...more,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    this.#session ??= response.headers.get('mcp-session-id') ?? undefined
    return answerOf(response, () => cut.abort())
  }
}

/** A request of the stateless era; `more` is what a later round says beside its arguments. */
export async function statelessCall(
  url: string,
  name: string,
  given: object,
  capabilities: object = {},
  signal?: AbortSignal,
  meta: object = {},
  more: object = {},
): Promise<RawAnswer> {
  const cut = new AbortController()
  signal?.addEventListener('abort', () => cut.abort())
  const response = await fetch(url, {
    method: 'POST',
    signal: cut.signal,
    headers: {
      accept,
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name,
        arguments: given,
        ...more,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': capabilities,
          'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
          ...meta,
        },
      },
    }),
  })
  return answerOf(response, () => cut.abort())
}

function answerOf(response: Response, drop: () => void): RawAnswer {
  const contentType = response.headers.get('content-type') ?? ''
  const events = contentType.includes('event-stream') ? eventsOf(response) : wholeOf(response)
  const next = async (): Promise<RawEvent | undefined> => (await events.next()).value
  return {
    status: response.status,
    contentType,
    next,
    async rest() {
      const messages: RawMessage[] = []
      for (let event = await next(); event !== undefined; event = await next()) if (event.message !== null) messages.push(event.message)
      return messages
    },
    drop,
  }
}

async function* wholeOf(response: Response): AsyncGenerator<RawEvent, undefined> {
  const whole = response.body === null ? '' : await textOf(response.body)
  if (whole !== '') yield { id: undefined, message: JSON.parse(whole) }
  return undefined
}

async function* eventsOf({ body }: Response): AsyncGenerator<RawEvent, undefined> {
  // Joined when an event is whole: joining with every piece takes long with large ones.
  let held: string[] = []
  for await (const chunk of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    held.push(chunk)
    if (!chunk.includes('\n')) continue
    const events = held.join('').split('\n\n')
    held = [events.pop() ?? '']
    for (const event of events) {
      if (event.startsWith(':')) continue
      const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, 'm').exec(event)?.[1]
      const data = field('data') ?? ''
      yield { id: field('id'), message: data === '' ? null : JSON.parse(data) }
    }
  }
  return undefined
}
