/** What has to happen when: the agenda of all that is due some time, and the one timer that rings for it. */
import type { StartTimer } from '../../../async/deadline.ts'
import { Agenda, type Entry } from './agenda.ts'
import { Alarm } from './alarm.ts'

export interface ScheduleOptions<Item> {
  /** Monotonic ms. */
  now: () => number
  startTimer: StartTimer
  /** Its time has come. */
  onDue(item: Item): void
  /** `onDue` threw. All that is due later has this one timer, so nothing may stop it. */
  onError(error: unknown, item: Item): void
}

/** Entries that are due which are run in one turn of the event loop. */
const atOnce = 500

export class Schedule<Item extends Entry> {
  #isHeld = false
  readonly #agenda = new Agenda<Item>()
  readonly #alarm: Alarm
  readonly #options: ScheduleOptions<Item>

  constructor(options: ScheduleOptions<Item>) {
    this.#options = options
    this.#alarm = new Alarm(() => this.runDue(), options.now, options.startTimer)
  }

  /** Puts it into the agenda, or moves it there. */
  plan(item: Item, due: number): void {
    this.#agenda.set(item, due)
    if (!this.#isHeld) this.#alarm.setFor(due)
  }

  cancel(item: Item): void {
    this.#agenda.remove(item)
  }

  /** Runs what is due, but not more in one turn than leaves the others time; called by the timer. */
  runDue(): void {
    const now = this.#options.now()
    for (let left = atOnce; left > 0; left -= 1) {
      const item = this.#agenda.take(now)
      if (item === null) break
      try {
        this.#options.onDue(item)
      } catch (error) {
        this.#options.onError(error, item)
      }
    }
    if (!this.#isHeld) this.#alarm.setFor(this.#agenda.nextDue)
  }

  /** Until `letGo` nothing is due. */
  hold(): void {
    this.#isHeld = true
  }

  letGo(): void {
    this.#isHeld = false
    this.#alarm.setFor(this.#agenda.nextDue)
  }

  stop(): void {
    this.#alarm.stop()
  }
}
