/** Notifications of the desktop: what the window asks for, and what newly needs the person while the window is not in front. */
import type { Notification, NotificationConstructorOptions } from 'electron'
import type { DesktopMessage } from '../preload/schema.ts'
import { say } from '../words/words.ts'
import { words } from './words.ts'

export interface NotifierParts {
  supported(): boolean
  create(options: NotificationConstructorOptions): ShownNotification
  /** True while the person looks at the window, where everything can be seen anyway. */
  watched(): boolean
  open(path: string | undefined): void
  icon: string
}

export class Notifier {
  readonly #parts: NotifierParts
  /** Held until clicked or closed: a collected notification loses its click. */
  readonly #open = new Set<ShownNotification>()

  constructor(parts: NotifierParts) {
    this.#parts = parts
  }

  show({ title, text, path }: DesktopMessage): void {
    if (!this.#parts.supported() || this.#parts.watched()) return
    const notification = this.#parts.create({ title, body: text, icon: this.#parts.icon })
    this.#open.add(notification)
    notification.on('click', () => {
      this.#open.delete(notification)
      this.#parts.open(path)
    })
    notification.on('close', () => this.#open.delete(notification))
    notification.show()
  }

  dispose(): void {
    for (const notification of this.#open) notification.close()
    this.#open.clear()
  }
}

/** One thing that needs the person, as the overview names it. */
export interface OpenItem {
  id: string
  title: string
  text: string
  room: string
  action?: string | null
}

function pageOf({ room, action }: OpenItem): string {
  if (action === 'answer-call') return '/relay?tab=sessions'
  return room === 'control' ? '/' : `/${room}`
}

/** Tells of items that were not open before; silent about those that were open at the start. */
export class AttentionWatch {
  readonly #read: () => Promise<OpenItem[]>
  readonly #show: (message: DesktopMessage) => void
  #known: ReadonlySet<string> | undefined
  /** Looked at again when a reading is over, since some may have come meanwhile. */
  #latest: readonly string[] = []
  #reading = false

  constructor(read: () => Promise<OpenItem[]>, show: (message: DesktopMessage) => void) {
    this.#read = read
    this.#show = show
  }

  /** To be called with the ids of the open ones whenever the summary changed; the items themselves are read only when one is new. */
  async check(ids: readonly string[]): Promise<void> {
    this.#latest = ids
    if (this.#reading) return
    this.#reading = true
    try {
      while (!this.#isKnown()) await this.#look()
    } finally {
      this.#reading = false
    }
  }

  /** Whether none of them is new. Those that are gone are forgotten, so that they are told of when they come back. */
  #isKnown(): boolean {
    const known = this.#known
    this.#known = new Set(this.#latest.filter((id) => known === undefined || known.has(id)))
    return known === undefined || this.#latest.every((id) => known.has(id))
  }

  async #look(): Promise<void> {
    const asked = this.#latest
    const items = await this.#read()
    const fresh = items.filter(({ id }) => this.#known?.has(id) === false)
    // One that was over before it could be read is known too, so that it is not looked for again.
    this.#known = new Set([...asked, ...items.map(({ id }) => id)])
    const [first, ...others] = fresh
    if (first === undefined) return
    if (others.length === 0) this.#show({ title: first.title, text: first.text, path: pageOf(first) })
    else
      this.#show({
        title: say(words.desktop.needYou, { count: fresh.length }),
        text: fresh.map(({ title }) => title).join('\n'),
        path: '/',
      })
  }
}

export interface ShownNotification extends Pick<Notification, 'show' | 'close'> {
  on(event: 'click' | 'close', listener: () => void): unknown
}
