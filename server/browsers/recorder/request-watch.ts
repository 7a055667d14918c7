/**
 * The requests of one page, from the network events of its CDP sessions: its own, those of foreign frames, and those of workers, whose
 * script is asked for on the page's session and answered on the worker's.
 */
import type { CDPSession, Protocol } from 'puppeteer-core'
import type { RequestFacts, RequestTimings } from './entry.ts'
import { safeAddress, safeHeaders, safeText, type Blanker } from './secrets.ts'

export interface RequestHooks {
  blanker: Blanker
  /** The load to which what begins now belongs. */
  load(): string | null
  /** A document was asked for in the main frame. */
  documentAsked(frame: string, url: string, startedAt: number, monotonic: number): void
  over(request: RequestFacts): void
}

interface Pending {
  facts: RequestFacts
  /** Seconds on Chromium's clock. */
  begun: number
  answered: number | null
  timing: Protocol.Network.ResourceTiming | undefined
}

/** Under way at the same time; a page that leaves more hanging loses the oldest from the record. */
const mostPending = 500
const unknown: RequestTimings = { blocked: -1, dns: -1, connect: -1, ssl: -1, send: 0, wait: 0, receive: 0 }

export class RequestWatch {
  readonly #hooks: RequestHooks
  readonly #pending = new Map<string, Pending>()
  /** Addresses of WebSockets that have not asked yet. */
  readonly #sockets = new Map<string, string>()

  constructor(hooks: RequestHooks) {
    this.#hooks = hooks
  }

  listen(client: CDPSession): void {
    client.on('Network.requestWillBeSent', (event) => this.#begun(event))
    client.on('Network.requestServedFromCache', ({ requestId }) => {
      const pending = this.#pending.get(requestId)
      if (pending) pending.facts.fromCache = true
    })
    client.on('Network.responseReceived', ({ requestId, response, timestamp }) => this.#answered(requestId, response, timestamp))
    client.on('Network.dataReceived', ({ requestId, dataLength }) => {
      const pending = this.#pending.get(requestId)
      if (pending) pending.facts.size += dataLength
    })
    client.on('Network.loadingFinished', ({ requestId, timestamp, encodedDataLength }) =>
      this.#over(requestId, timestamp, { transferred: encodedDataLength }),
    )
    client.on('Network.loadingFailed', ({ requestId, timestamp, errorText, canceled = false, blockedReason }) =>
      this.#over(requestId, timestamp, { error: blockedReason ? `blocked: ${blockedReason}` : errorText, cancelled: canceled }),
    )
    client.on('Network.webSocketWillSendHandshakeRequest', ({ requestId, request, timestamp, wallTime }) => {
      const socket = this.#sockets.get(requestId)
      if (socket !== undefined)
        this.#add(requestId, factsOf('GET', socket, 'websocket', wallTime * 1_000, this.#hooks), request.headers, timestamp)
      this.#sockets.delete(requestId)
    })
    client.on('Network.webSocketCreated', ({ requestId, url }) => void this.#sockets.set(requestId, url))
    client.on('Network.webSocketHandshakeResponseReceived', ({ requestId, response, timestamp }) => {
      const pending = this.#pending.get(requestId)
      if (!pending) return
      const { status, statusText, headers } = response
      Object.assign(pending.facts, { status, statusText, responseHeaders: safeHeaders(headers, this.#hooks.blanker) })
      this.#over(requestId, timestamp, {})
    })
    client.on('Network.webSocketFrameError', ({ requestId, timestamp, errorMessage }) =>
      this.#over(requestId, timestamp, { error: safeText(errorMessage, this.#hooks.blanker) }),
    )
    client.on('Network.webSocketClosed', ({ requestId, timestamp }) => {
      this.#sockets.delete(requestId)
      this.#over(requestId, timestamp, { cancelled: true })
    })
  }

  /** What has been asked and not been answered to its end. */
  pending(): RequestFacts[] {
    return [...this.#pending.values()].map(({ facts }) => facts)
  }

  #begun(event: Protocol.Network.RequestWillBeSentEvent): void {
    const { requestId, request, redirectResponse, timestamp, wallTime, type = 'Other', frameId, loaderId } = event
    if (redirectResponse !== undefined) {
      const pending = this.#pending.get(requestId)
      if (pending) pending.facts.redirectsTo = safeAddress(request.url, this.#hooks.blanker)
      this.#answered(requestId, redirectResponse, timestamp)
      this.#over(requestId, timestamp, { transferred: redirectResponse.encodedDataLength })
    }
    if (!/^(https?|wss?|ftp):/i.test(request.url)) return
    const startedAt = wallTime * 1_000
    if (requestId === loaderId && frameId !== undefined && redirectResponse === undefined)
      this.#hooks.documentAsked(frameId, safeAddress(request.url, this.#hooks.blanker), startedAt, timestamp)
    const facts = factsOf(request.method, request.url, type.toLowerCase(), startedAt, this.#hooks)
    facts.sent = request.postDataEntries?.reduce((sum, { bytes = '' }) => sum + Buffer.byteLength(bytes, 'base64'), 0) ?? 0
    this.#add(requestId, facts, request.headers, timestamp)
  }

  #add(requestId: string, facts: RequestFacts, headers: Record<string, string>, begun: number): void {
    facts.requestHeaders = safeHeaders(headers, this.#hooks.blanker)
    this.#pending.set(requestId, { facts, begun, answered: null, timing: undefined })
    if (this.#pending.size <= mostPending) return
    const [oldest] = this.#pending.keys()
    if (oldest !== undefined) this.#pending.delete(oldest)
  }

  #answered(requestId: string, response: Protocol.Network.Response, timestamp: number): void {
    const pending = this.#pending.get(requestId)
    if (!pending) return
    const { facts } = pending
    pending.answered = timestamp
    pending.timing = response.timing
    facts.status = response.status
    facts.statusText = response.statusText.slice(0, 100)
    facts.protocol = response.protocol ?? ''
    facts.mimeType = response.mimeType.slice(0, 100)
    facts.fromCache ||= response.fromDiskCache === true || response.fromPrefetchCache === true
    // Through our own proxy every server has its address.
    facts.serverAddress = response.remoteIPAddress ?? ''
    facts.responseHeaders = safeHeaders(response.headers, this.#hooks.blanker)
  }

  #over(requestId: string, timestamp: number, outcome: Partial<Pick<RequestFacts, 'transferred' | 'error' | 'cancelled'>>): void {
    const pending = this.#pending.get(requestId)
    if (!pending) return
    this.#pending.delete(requestId)
    const { facts, begun } = pending
    Object.assign(facts, outcome)
    facts.took = rounded((timestamp - begun) * 1_000)
    facts.timings = timingsOf(pending, timestamp)
    this.#hooks.over(facts)
  }
}

function factsOf(method: string, url: string, resource: string, startedAt: number, { blanker, load }: RequestHooks): RequestFacts {
  return {
    method: method.slice(0, 20),
    url: safeAddress(url, blanker),
    resource,
    status: 0,
    statusText: '',
    protocol: '',
    mimeType: '',
    error: null,
    cancelled: false,
    startedAt,
    took: 0,
    timings: unknown,
    transferred: 0,
    size: 0,
    sent: 0,
    fromCache: false,
    serverAddress: '',
    redirectsTo: '',
    requestHeaders: [],
    responseHeaders: [],
    load: load(),
  }
}

/** As HAR divides them: their sum, without `ssl`, which is a part of `connect`, is what the request took. */
function timingsOf({ timing, begun, answered }: Pending, ended: number): RequestTimings {
  if (answered === null) return { ...unknown, wait: rounded((ended - begun) * 1_000) }
  const receive = rounded((ended - answered) * 1_000)
  if (timing === undefined) return { ...unknown, wait: rounded((answered - begun) * 1_000), receive }
  const span = (from: number, to: number): number => (from < 0 || to < 0 ? -1 : rounded(to - from))
  const dns = span(timing.dnsStart, timing.dnsEnd)
  const connect = span(timing.connectStart, timing.connectEnd)
  const send = Math.max(0, span(timing.sendStart, timing.sendEnd))
  // What the browser itself needed before it asked, e.g. for a free connection.
  const asked = (timing.requestTime - begun) * 1_000 + Math.max(0, timing.sendStart)
  const blocked = rounded(asked - Math.max(0, dns) - Math.max(0, connect))
  const wait = rounded((answered - begun) * 1_000 - Math.max(0, blocked) - Math.max(0, dns) - Math.max(0, connect) - send)
  return { blocked, dns, connect, ssl: span(timing.sslStart, timing.sslEnd), send, wait, receive }
}

/** Not below zero, to a hundredth of a ms. */
const rounded = (ms: number): number => Math.max(0, Math.round(ms * 100) / 100)
