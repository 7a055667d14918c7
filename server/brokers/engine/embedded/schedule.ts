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

export class Schedule<Item extends Entry> {
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
    this.#alarm.setFor(due)
  }

  cancel(item: Item): void {
    this.#agenda.remove(item)
  }

  /** Runs what is due; called by the timer. */
  runDue(): void {
    const now = this.#options.now()
    for (let item = this.#agenda.take(now); item !== null; item = this.#agenda.take(now)) {
      try {
        this.#options.onDue(item)
      } catch (error) {
        this.#options.onError(error, item)
      }
    }
    this.#alarm.setFor(this.#agenda.nextDue)
  }

  stop(): void {
    this.#alarm.stop()
  }
}
