/** The sessions of the DevTools protocol that clients have: whose each is, what it is attached to, and what holds on to it. */
import { createSignal } from '../../async/signal.ts'
import type { TargetInfo } from './messages.ts'

/** One session; flat, so that its id alone tells whose a message is. */
export interface Attachment<Client> {
  sessionId: string
  client: Client
  targetId: string
  type: string
  /** The browser context that its target is in, where that is told. */
  contextId: string | undefined
  /** The session in which it was opened; null for the one that a connection stands for. */
  parent: string | null
  /** Its target is not the client's to see: it is being let go of. */
  hidden: boolean
  /** `Page.enable` holds: its client hears of dialogs, and answers them. */
  watchesPage: boolean
  /** What it has set for its page, by command; gone with it. */
  overrides: Map<string, unknown>
  /** Runs while its target stands still until the client lets it go on. */
  waiting: NodeJS.Timeout | null
}

export class Attachments<Client> {
  readonly #bySession = new Map<string, Attachment<Client>>()
  readonly #watched = createSignal<[targetId: string]>()

  get(sessionId: string): Attachment<Client> | undefined {
    return this.#bySession.get(sessionId)
  }

  get size(): number {
    return this.#bySession.size
  }

  add(sessionId: string, client: Client, info: TargetInfo, parent: string | null, hidden = false): Attachment<Client> {
    const { targetId, type, browserContextId: contextId } = info
    const attachment: Attachment<Client> = {
      ...{ sessionId, client, targetId, type, contextId, parent, hidden },
      watchesPage: false,
      overrides: new Map(),
      waiting: null,
    }
    this.#bySession.set(sessionId, attachment)
    return attachment
  }

  /** Chromium ends what was opened in a session together with it, and tells of the session alone. */
  remove(sessionId: string): Attachment<Client>[] {
    const gone: Attachment<Client>[] = []
    const open = [sessionId]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const attachment = this.#bySession.get(next)
      if (attachment === undefined) continue
      this.#bySession.delete(next)
      if (attachment.waiting !== null) clearTimeout(attachment.waiting)
      gone.push(attachment)
      if (attachment.watchesPage) this.#watched.emit(attachment.targetId)
      for (const { sessionId: child, parent } of this.#bySession.values()) if (parent === next) open.push(child)
    }
    return gone
  }

  /** Its client begins or ends to hear of what happens on its page. */
  watch(attachment: Attachment<Client>, watches: boolean): void {
    if (attachment.watchesPage === watches) return
    attachment.watchesPage = watches
    this.#watched.emit(attachment.targetId)
  }

  /** Whether any client hears of what happens on a page. */
  isWatched(targetId: string): boolean {
    return this.to(targetId).some(({ watchesPage }) => watchesPage)
  }

  /** Called with a page that is perhaps watched now, or not any more. Returns what ends the subscription. */
  onWatched(listener: (targetId: string) => void): () => void {
    return this.#watched.subscribe(listener)
  }

  of(client: Client): Attachment<Client>[] {
    return [...this.#bySession.values()].filter((attachment) => attachment.client === client)
  }

  to(targetId: string): Attachment<Client>[] {
    return [...this.#bySession.values()].filter((attachment) => attachment.targetId === targetId)
  }

  all(): Attachment<Client>[] {
    return [...this.#bySession.values()]
  }
}
