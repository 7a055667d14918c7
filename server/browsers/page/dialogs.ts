/**
 * The dialogs of a session's pages: `alert`, `confirm`, `prompt`, and the question whether a page may be left. One stops its page until
 * somebody answers, so each is answered by somebody:
 *
 * - by the steps that run in its page, which never come here: `dialog-claims.ts`;
 * - by the person who drives, for a minute at most; then it is refused;
 * - by a program that is attached to the page: `watchedBy`;
 * - by nobody else: refused at once, and a page that is being left may be left.
 */
import { randomUUID } from 'node:crypto'
import { createSignal } from '../../async/signal.ts'
import type { Clock } from '../../clock.ts'
import type { RecordSessionEvent, SessionEventFacts } from '../events.ts'

/** As the browser tells of it. */
export interface AskedDialog {
  kind: 'alert' | 'confirm' | 'prompt' | 'beforeunload'
  message: string
  /** What a prompt's field holds at first. */
  defaultText: string
  /** Whose scripts ask. */
  host: string
}

export interface OpenDialog extends AskedDialog {
  id: string
  page: string
  /** On the monotonic clock. */
  deadline: number
}

export interface DialogAnswer {
  accept: boolean
  /** For a prompt that is accepted. */
  text?: string
}

export interface DialogOptions {
  clock: Pick<Clock, 'monotonic'>
  /** A person holds keyboard and mouse. */
  driven(): boolean
  record: RecordSessionEvent
}

interface Waiting extends OpenDialog {
  reply(answer: DialogAnswer): void
  timer: NodeJS.Timeout
}

type How = SessionEventFacts<'dialog-answered'>['how']

/** Ms for which a dialog waits for the person who drives. */
export const dialogPatience = 60_000
const longestTold = 200

export class Dialogs {
  readonly #options: DialogOptions
  readonly #waiting = new Map<string, Waiting>()
  readonly #watchers = new Set<(page: string) => boolean>()
  /** By page: what was left to a program, until that has answered. */
  readonly #shown = new Map<string, { timer: NodeJS.Timeout; late(): void }>()
  readonly #changed = createSignal()

  constructor(options: DialogOptions) {
    this.#options = options
  }

  /** Those that wait for the person who drives, the oldest first. */
  list(): OpenDialog[] {
    return [...this.#waiting.values()].map(({ id, page, kind, message, defaultText, host, deadline }) => ({
      ...{ id, page, kind, message, defaultText, host, deadline },
    }))
  }

  /** A page cannot be driven while one of its own is open. */
  isOpenOn(page: string): boolean {
    return [...this.#waiting.values()].some((dialog) => dialog.page === page)
  }

  /** Called when one was opened, answered or closed. Returns what ends the subscription. */
  onChange(listener: () => void): () => void {
    return this.#changed.subscribe(listener)
  }

  /** Says of which pages a program sees and answers the dialogs itself. Returns what ends it. */
  watchedBy(watches: (page: string) => boolean): () => void {
    const own = (page: string): boolean => watches(page)
    this.#watchers.add(own)
    return () => {
      this.#watchers.delete(own)
      for (const [shownOn, { late }] of [...this.#shown]) if (!this.#isWatched(shownOn)) late()
    }
  }

  /** The browser shows one on a page; `reply` answers it there. */
  opened(page: string, asked: AskedDialog, reply: (answer: DialogAnswer) => void): void {
    if (this.#options.driven()) return this.#wait(page, asked, reply)
    if (this.#isWatched(page)) return this.#leaveToProgram(page, asked, reply)
    const leaving = asked.kind === 'beforeunload'
    if (!leaving) this.#options.record('dialog-dismissed', { said: asked.message.slice(0, longestTold) })
    reply({ accept: leaving })
  }

  /** Somebody has answered it in the browser, or its page has gone. */
  closed(page: string): void {
    clearTimeout(this.#shown.get(page)?.timer)
    this.#shown.delete(page)
    for (const dialog of [...this.#waiting.values()]) if (dialog.page === page) this.#settle(dialog, 'elsewhere')
  }

  /** False when it is not open any more. */
  answer(id: string, answer: DialogAnswer): boolean {
    const dialog = this.#waiting.get(id)
    if (dialog === undefined) return false
    this.#settle(dialog, answer.accept ? 'accepted' : 'refused')
    dialog.reply(answer)
    return true
  }

  /** Nobody drives any more: what waits for the person is refused. */
  abandon(): void {
    for (const dialog of [...this.#waiting.values()]) this.#refuse(dialog, 'abandoned')
  }

  /** The session ends. */
  stop(): void {
    for (const { timer } of [...this.#waiting.values(), ...this.#shown.values()]) clearTimeout(timer)
    this.#shown.clear()
    this.#waiting.clear()
  }

  #isWatched(page: string): boolean {
    return [...this.#watchers].some((watches) => watches(page))
  }

  /** One that does not answer either, or has gone, must not stop the page for everybody. */
  #leaveToProgram(page: string, { kind, message }: AskedDialog, reply: (answer: DialogAnswer) => void): void {
    this.#options.record('dialog-shown', { kind, said: message.slice(0, longestTold) })
    const late = (): void => {
      this.closed(page)
      reply({ accept: kind === 'beforeunload' })
    }
    this.closed(page)
    this.#shown.set(page, { timer: setTimeout(late, dialogPatience).unref(), late })
  }

  #wait(page: string, asked: AskedDialog, reply: (answer: DialogAnswer) => void): void {
    const id = randomUUID()
    const timer = setTimeout(() => {
      const late = this.#waiting.get(id)
      if (late !== undefined) this.#refuse(late, 'late')
    }, dialogPatience).unref()
    const deadline = this.#options.clock.monotonic() + dialogPatience
    this.#waiting.set(id, { ...asked, id, page, deadline, reply, timer })
    this.#options.record('dialog-shown', { kind: asked.kind, said: asked.message.slice(0, longestTold) })
    this.#changed.emit()
  }

  #refuse(dialog: Waiting, how: How): void {
    this.#settle(dialog, how)
    // Whoever leaves a page and then says nothing has meant to leave it.
    dialog.reply({ accept: dialog.kind === 'beforeunload' && how === 'abandoned' })
  }

  #settle(dialog: Waiting, how: How): void {
    clearTimeout(dialog.timer)
    this.#waiting.delete(dialog.id)
    this.#options.record('dialog-answered', { how, kind: dialog.kind, said: dialog.message.slice(0, longestTold) })
    this.#changed.emit()
  }
}
