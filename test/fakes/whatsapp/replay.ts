/**
 * Plays the server's half of a trace to a client, e.g. of a new version of the library: what it answers waits for the request that it
 * answered then, what it said by itself follows in its order. What the client never asks, and what it asks that was not asked then, is
 * named.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BinaryNode } from 'baileys'
import { WebSocketServer } from 'ws'
import { patience } from '../../fixtures/patience.ts'
import { Connection } from './connection.ts'
import { createServerIdentity, trust } from './noise.ts'
import { children, result } from './nodes.ts'
import type { Trace } from './trace.ts'

interface Step {
  node: BinaryNode
  /** The client's node that it answers, by its place among those; null for what the server says by itself. */
  answers: number | null
}

export class Replay {
  readonly errors: unknown[] = []
  /** What the client said that was not said then. */
  readonly unexpected: string[] = []
  readonly #said: { node: BinaryNode; matched: BinaryNode | null }[]
  readonly #steps: Step[]
  readonly #http: Server
  readonly #sockets: WebSocketServer
  readonly #finished = Promise.withResolvers<void>()
  #next = 0

  private constructor({ lines }: Trace, http: Server, library?: typeof import('baileys')) {
    this.#said = lines.filter(({ from }) => from === 'client').map(({ node }) => ({ node, matched: null }))
    this.#steps = lines.filter(({ from }) => from === 'server').map(({ node }) => ({ node, answers: this.#answeredBy(node) }))
    this.#http = http
    this.#sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
    const identity = createServerIdentity()
    trust(identity, library)
    this.#sockets.on('connection', (socket) => {
      new Connection({
        ...{ identity, socket, delay: () => 0, cut: () => 0 },
        onGreeting: (connection) => this.#goOn(connection),
        onNode: (connection, node) => this.#take(connection, node),
        onClosed: () => {},
        onError: (error) => void this.errors.push(error),
      })
    })
  }

  static async start(trace: Trace, library?: typeof import('baileys')): Promise<Replay> {
    const http = createServer()
    await new Promise<void>((resolve, reject) => http.once('error', reject).listen(0, '127.0.0.1', resolve))
    return new Replay(trace, http, library)
  }

  get url(): string {
    // A listening TCP server has an address with a port.
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}/ws/chat`
  }

  /** Resolves when the server has said all that it said then; rejects with what it still waits for. */
  async finished(within = patience): Promise<void> {
    const timer = setTimeout(() => this.#finished.reject(new Error(`the client never said: ${this.missing()[0] ?? 'nothing'}`)), within)
    await this.#finished.promise.finally(() => clearTimeout(timer))
  }

  /** What the client said then and has not said yet. */
  missing(): string[] {
    return this.#said.flatMap(({ node, matched }) => (matched === null ? [signatureOf(node)] : []))
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#sockets.close()
    this.#http.closeAllConnections()
    await new Promise((resolve) => this.#http.close(resolve))
  }

  #take(connection: Connection, node: BinaryNode): void {
    const signature = signatureOf(node)
    const same = this.#said.find(({ node: then, matched }) => matched === null && signatureOf(then) === signature)
    if (same !== undefined) same.matched = node
    else {
      this.unexpected.push(signature)
      // So that it goes on.
      if (node.tag === 'iq' && node.attrs['type'] !== 'result') connection.send(result(node))
    }
    this.#goOn(connection)
  }

  #goOn(connection: Connection): void {
    for (; ; this.#next += 1) {
      const step = this.#steps[this.#next]
      if (step === undefined) return this.#finished.resolve()
      const asked = step.answers === null ? null : this.#said[step.answers]
      if (asked === null || asked === undefined) connection.send(step.node)
      else if (asked.matched === null) return
      else connection.send({ ...step.node, attrs: { ...step.node.attrs, id: asked.matched.attrs['id'] ?? '' } })
    }
  }

  #answeredBy({ tag, attrs }: BinaryNode): number | null {
    const isAnswer = tag === 'ack' || (tag === 'iq' && (attrs['type'] === 'result' || attrs['type'] === 'error'))
    const asked = tag === 'ack' ? attrs['class'] : 'iq'
    const index = isAnswer ? this.#said.findIndex(({ node }) => node.tag === asked && node.attrs['id'] === attrs['id']) : -1
    return index === -1 ? null : index
  }
}

/** What makes two nodes the same step: not the bytes in them, nor ids that the client makes up. */
function signatureOf({ tag, attrs, ...more }: BinaryNode): string {
  const names = ['xmlns', 'type', 'class', 'to', 'participant', 'recipient', 'error']
  const known = names.flatMap((name) => (attrs[name] === undefined ? [] : [`${name}=${attrs[name]}`]))
  const id = tag === 'iq' || tag === 'presence' || tag === 'ib' ? [] : [`id=${attrs['id']}`]
  const [first] = children({ tag, attrs, ...more })
  return [tag, ...known, ...id, ...(first === undefined ? [] : [`<${first.tag}>`])].join(' ')
}
