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
  #count = 0
  #reading = false

  constructor(read: () => Promise<OpenItem[]>, show: (message: DesktopMessage) => void) {
    this.#read = read
    this.#show = show
  }

  /** To be called whenever the summary changed; the items themselves are read only when their number did. */
  async check(count: number): Promise<void> {
    if (this.#reading || (this.#known !== undefined && count === this.#count)) return
    this.#reading = true
    try {
      const items = count === 0 ? [] : await this.#read()
      const fresh = this.#known === undefined ? [] : items.filter(({ id }) => !this.#known?.has(id))
      this.#known = new Set(items.map(({ id }) => id))
      this.#count = count
      const [first, ...others] = fresh
      if (first === undefined) return
      if (others.length === 0) this.#show({ title: first.title, text: first.text, path: pageOf(first) })
      else
        this.#show({
          title: say(words.desktop.needYou, { count: fresh.length }),
          text: fresh.map(({ title }) => title).join('\n'),
          path: '/',
        })
    } finally {
      this.#reading = false
    }
  }
}

export interface ShownNotification extends Pick<Notification, 'show' | 'close'> {
  on(event: 'click' | 'close', listener: () => void): unknown
}
