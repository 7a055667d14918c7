/** The open WebSockets of each key: a key that is revoked must not go on listening, or typing, through one it has opened before. */
import type { WebSocket } from 'ws'

/** RFC 6455: closed because of what the peer may not do. */
const notAllowed = 1_008
/** Ms that a peer has to answer the close. */
const grace = 1_000

export class KeySockets {
  readonly #open = new Map<string, Set<WebSocket>>()

  /** Forgets it by itself when it closes. */
  add(key: string, socket: WebSocket): void {
    const sockets = this.#open.get(key) ?? new Set<WebSocket>()
    this.#open.set(key, sockets.add(socket))
    socket.once('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0 && this.#open.get(key) === sockets) this.#open.delete(key)
    })
  }

  /** Nothing more is heard from them from this moment on. */
  close(key: string): void {
    for (const socket of this.#open.get(key) ?? []) {
      socket.removeAllListeners('message')
      socket.close(notAllowed, 'the key was revoked or may do less now')
      const cut = setTimeout(() => socket.terminate(), grace)
      socket.once('close', () => clearTimeout(cut))
    }
  }
}
