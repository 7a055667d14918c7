/**
 * What our own driver sets in the browser, kept to be set again: what a client sets in its place, and then takes away, is gone for both.
 */
import { fieldsOf, type Fields } from './messages.ts'

interface Sent {
  id: number
  method: string
  params: Fields
  sessionId?: string
}

/** Sessions of ours whose settings are remembered; there are two or three for a page. */
const mostSessions = 200

export class OwnMessages {
  /** What the session does with downloads, and in which session that was said. */
  #downloads: Sent | null = null
  readonly #overrides = new Map<string, Map<string, Sent>>()

  get downloads(): Fields | null {
    return this.#downloads?.params ?? null
  }

  /** Read only where it is of interest: each command of ours passes here. */
  read(message: string): Sent | null {
    if (!/^\{"method":"(?:Emulation\.(?:set|clear)|Browser\.setDownloadBehavior"|Target\.createTarget")/.test(message)) return null
    const { id, method, params, sessionId } = JSON.parse(message) as Record<string, unknown>
    return {
      id: Number(id),
      method: String(method),
      params: fieldsOf(params) ?? {},
      ...(typeof sessionId === 'string' ? { sessionId } : {}),
    }
  }

  /** True when it is the first of its kind in a session: a page that is new to us gets what all pages get. */
  keep(sent: Sent): boolean {
    const { method, params, sessionId } = sent
    if (method === 'Browser.setDownloadBehavior' && params['browserContextId'] === undefined) this.#downloads = sent
    if (sessionId === undefined || !method.startsWith('Emulation.')) return false
    const overrides = this.#overrides.get(sessionId) ?? new Map<string, Sent>()
    this.#overrides.set(sessionId, overrides)
    const [oldest] = this.#overrides.keys()
    if (this.#overrides.size > mostSessions && oldest !== undefined) this.#overrides.delete(oldest)
    const name = method.replace('.clear', '.set')
    const isFirst = !overrides.has(name)
    if (method === name) overrides.set(name, sent)
    else overrides.delete(name)
    return isFirst
  }

  /** All that holds now. */
  all(): Sent[] {
    return [...(this.#downloads === null ? [] : [this.#downloads]), ...[...this.#overrides.values()].flatMap((kept) => [...kept.values()])]
  }

  /** Its session is not there any more. */
  forget(sessionId: string): void {
    this.#overrides.delete(sessionId)
  }
}
