/** Answers and streams that pages of other origins have open: they end when a person takes the origin out of the session again. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { StoredSession } from '../sessions/store.ts'
import { headerOf } from './refusals.ts'

export class PageStreams {
  readonly #bySession = new Map<string, Map<ServerResponse, string>>()

  /** What is answered to a page is remembered until it closes. */
  note({ id, policy }: StoredSession, request: IncomingMessage, response: ServerResponse): void {
    const origin = headerOf(request, 'origin')
    // Any other came without the session's help.
    if (origin === undefined || !policy.origins.includes(origin)) return
    const open = this.#bySession.get(id) ?? new Map<ServerResponse, string>()
    this.#bySession.set(id, open.set(response, origin))
    response.once('close', () => {
      open.delete(response)
      if (open.size === 0 && this.#bySession.get(id) === open) this.#bySession.delete(id)
    })
  }

  /** Cuts those of origins that the session is not open to any more. */
  keepOnly(sessionId: string, origins: readonly string[]): void {
    for (const [response, origin] of this.#bySession.get(sessionId) ?? []) if (!origins.includes(origin)) response.destroy()
  }
}
