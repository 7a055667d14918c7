/** The live tails of this program: who may open one, how many there are, and the two ways to read one. */
import type { ServerResponse } from 'node:http'
import type { WebSocket } from 'ws'
import { actorOf, type Call, type SocketCall, type SocketHandler, type SocketInput } from '../../http/api.ts'
import { closeCodes } from '../connections/shared/close-codes.ts'
import { refusalTexts } from '../connections/json/json-frames.ts'
import type { EndReason } from '../engine/types.ts'
import { BrokerFault } from '../fault.ts'
import { filterOf } from '../in-process-client.ts'
import { listenTo } from '../in-process/listener.ts'
import type { BrokerService } from '../service.ts'
import { Tail, type EndOfTail, type TailReader } from './tail.ts'

/** Each may have a MiB on its way. */
const mostTails = { ofAll: 100, ofSession: 20 }
/** Ms between two signs of life of the connection, below every program: who reads may hear nothing for days. */
const aliveEvery = 30_000

export interface WantedTail {
  name: string
  topic: string
  retained: boolean
  count?: number | undefined
}

export class Tails {
  readonly #service: BrokerService
  readonly #open = new Map<Tail, string>()

  constructor(service: BrokerService) {
    this.#service = service
  }

  /** Throws `no-such-session`, `not-ready`, `invalid-topic`, `publish-refused` for a suspended session, `too-many-tails`. */
  check({ name, topic }: Pick<WantedTail, 'name' | 'topic'>): void {
    const session = this.#service.byName(name)
    if (!this.#service.isReady) throw new BrokerFault('not-ready')
    filterOf(topic)
    if (session.suspended) throw new BrokerFault('publish-refused', refusalTexts.suspended)
    const ofSession = [...this.#open.values()].filter((each) => each === name).length
    if (this.#open.size >= mostTails.ofAll || ofSession >= mostTails.ofSession) throw new BrokerFault('too-many-tails')
  }

  /** Throws as `check` does. */
  open(wanted: WantedTail, reader: TailReader, { caller, standing }: Pick<Call, 'caller' | 'standing'>): Tail {
    this.check(wanted)
    const { name, topic, retained, count } = wanted
    const session = this.#service.byName(name)
    let leave = (): void => undefined
    const tail = new Tail(reader, {
      mayRead: () => standing.reaches('brokers', { subject: name, makers: [session.madeBy] }),
      count,
      left: () => {
        this.#open.delete(tail)
        leave()
      },
    })
    this.#open.set(tail, name)
    const listening = {
      onMessage: tail.message.bind(tail),
      onEnded: (reason: EndReason) => tail.end(reasonOf(reason)),
    }
    const how = { isOnlooker: true, wantsRetained: retained }
    leave = listenTo(this.#service, session, filterOf(topic), `${actorOf(caller)} (live tail)`, listening, how)
    return tail
  }
}

/** The rest is for clients with a wire. */
function reasonOf(reason: EndReason): EndOfTail {
  return reason === 'suspended' || reason === 'dropped' || reason === 'shutdown' ? reason : 'kicked'
}

export function tailSocket(tails: Tails): SocketHandler {
  const wantedOf = ({ params, query }: SocketInput): WantedTail => ({
    // Typed by the contract of this very socket.
    ...(params as { name: string }),
    ...(query as { topic: string; retained: boolean }),
  })
  const handler = (socket: WebSocket, input: SocketInput, call: SocketCall): void => {
    const reader: TailReader = {
      write: (text, written) => socket.send(text, () => written()),
      end(reason) {
        const { code, text } = reason === 'key-revoked' ? { code: 1008, text: 'The key was revoked' } : closeCodes[reason]
        socket.close(code, text)
      },
    }
    keepAlive(call.stream)
    const tail = openOr(() => tails.open(wantedOf(input), reader, call), socket)
    socket.on('close', () => tail?.leave())
  }
  return Object.assign(handler, { admit: (input: SocketInput) => tails.check(wantedOf(input)) })
}

/** What was there when it was admitted may be gone by now. */
function openOr(open: () => Tail, socket: WebSocket): Tail | null {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof BrokerFault)) throw error
    socket.close(1008, error.message)
    return null
  }
}

/** Answers by itself, until the reader goes or the tail ends. */
export function streamTail(tails: Tails, wanted: WantedTail, call: Call): void {
  const { request, response } = call.node
  tails.check(wanted)
  const headers = { 'content-type': 'application/x-ndjson; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  response.writeHead(200, headers)
  if (request.method === 'HEAD') return void response.end()
  response.flushHeaders()
  keepAlive(request.socket)
  const tail = tails.open(wanted, readerOf(response), call)
  response.on('close', () => tail.leave())
}

function readerOf(response: ServerResponse): TailReader {
  return { write: (text, written) => response.write(text, () => written()), end: () => response.end() }
}

function keepAlive(stream: object): void {
  if ('setKeepAlive' in stream && typeof stream.setKeepAlive === 'function') stream.setKeepAlive(true, aliveEvery)
}
