/** One program's connection to a session, from the open socket to its end: between WebSocket and the browser's hub. */
import type { RawData, WebSocket } from 'ws'
import type { HowLeft } from './client-book.ts'
import type { HubClient } from './hub-client.ts'
import type { CdpHub } from './hub.ts'
import type { Session } from '../session/session.ts'

export interface Program {
  name: string
  /** Of its library, as far as it says. */
  program: string | null
  address: string
  mayNameFiles: boolean
  /** Null for the browser as a whole. */
  pageId: string | null
}

export interface ServeLimits {
  /** Bytes on their way to a program beyond which it is cut off: it does not read. One message may be longer than that. */
  unread: number
  /** Ms between two signs of life that are asked for; without an answer by the next one the program is gone or stopped. */
  signOfLife: number
}

const usualLimits: ServeLimits = { unread: 32 * 1_048_576, signOfLife: 20_000 }
/** Bytes on their way to the browser beyond which a program is not listened to. */
const fullPipe = 16 * 1_048_576
/** Ms after which is seen whether the browser has taken them. */
const pipeEvery = 20

/** Codes of WebSocket: done; whoever reads that little, or sends what it may not. */
const code = { done: 1_000, policy: 1_008 }

/** Serves the program until it, the session or a person ends that; owns the socket. `left` is called once, at the end. */
export function serveClient(
  socket: WebSocket,
  session: Session,
  hub: CdpHub,
  { mayNameFiles, pageId, ...who }: Program,
  left: () => void,
  limits: ServeLimits = usualLimits,
): void {
  let client: HubClient | null = null
  let over = false
  let how: HowLeft = 'left'
  let alive = true
  let pipeTimer: NodeJS.Timeout | null = null
  const leave = session.clients.join({ kind: 'program', ...who, waits, end: (why) => endAs(why, 'Ended') })

  // Until it is attached it waits; what it has sent meanwhile stays in its socket.
  socket.pause()
  socket.on('message', receive)
  socket.on('pong', () => (alive = true))
  socket.once('close', dispose)
  const signs = setInterval(() => {
    if (!alive) return cutOff('it gave no sign of life')
    alive = false
    if (socket.readyState === socket.OPEN) socket.ping()
  }, limits.signOfLife)
  signs.unref()
  const subscriptions = [
    session.onEnd((reason) => close(code.done, `The session ended: ${reason}`)),
    session.control.onChange(() => {
      if (session.control.holder === null) client?.goOn()
      session.clients.changed()
    }),
    session.dialogs.onChange(() => session.clients.changed()),
    session.dialogs.watchedBy((page) => client?.watches(page) ?? false),
  ]
  hub.attach({ mayNameFiles, isDriven, deliver, closed: (why) => close(code.done, why) }, pageId).then(
    (attached) => {
      if (over) return attached.leave()
      client = attached
      socket.resume()
    },
    (error: unknown) => close(code.policy, error instanceof Error ? error.message : 'It could not be attached'),
  )

  function receive(data: RawData, isBinary: boolean): void {
    if (over || client === null) return
    if (isBinary) return cutOff('it sent what is no message of the protocol')
    session.touch()
    // Node's own sockets hand out one Buffer per message (`binaryType` nodebuffer).
    client.receive((data as Buffer).toString('utf8'))
    if (hub.unsent > fullPipe) waitForPipe()
  }

  function waitForPipe(): void {
    if (pipeTimer !== null) return
    socket.pause()
    pipeTimer = setInterval(() => {
      if (hub.unsent > fullPipe) return
      stopWaiting()
      socket.resume()
    }, pipeEvery)
  }

  function stopWaiting(): void {
    if (pipeTimer !== null) clearInterval(pipeTimer)
    pipeTimer = null
  }

  function deliver(message: Buffer | string): void {
    if (over || socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > limits.unread) return cutOff('it did not read what it was sent')
    socket.send(message, { binary: false })
  }

  /** For what a person does, or is asked. */
  function waits(): boolean {
    return client !== null && (client.waits || session.dialogs.list().some(({ page }) => client?.watches(page)))
  }

  function isDriven(page?: string): boolean {
    return session.control.holder !== null && (page === undefined || session.pages.active()?.id === page)
  }

  function cutOff(why: string): void {
    endAs('cut-off', why)
    socket.terminate()
  }

  function endAs(reason: HowLeft, words: string): void {
    how = reason
    close(code.policy, words)
  }

  function close(status: number, words: string): void {
    dispose()
    socket.close(status, words.slice(0, 100))
    // Whoever does not answer the close keeps the socket for ever.
    setTimeout(() => socket.terminate(), 1_000).unref()
  }

  function dispose(): void {
    if (over) return
    over = true
    clearInterval(signs)
    stopWaiting()
    client?.leave()
    for (const unsubscribe of subscriptions) unsubscribe()
    leave(how)
    left()
  }
}
