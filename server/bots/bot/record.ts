/**
 * What is kept of one bot: its row, its link, and its life. All that is written of them is written here, and others only read.
 *
 * What holds:
 * - Attempts on the way back are shown, and no news: the loss is told once, and so is the return.
 * - The link is removed by `forgetLink` alone, never by what WhatsApp says.
 * - A bot that is locked (its link, or the proxy it must not go without, was sealed under a key that is not here) is shown as failed and
 *   kept as it was: with the key it is that again.
 */
import type { Clock } from '../../clock.ts'
import { Lifecycle } from '../../lifecycle.ts'
import type { Log } from '../../log.ts'
import type { BackupContent } from '../backups/backups.ts'
import type { BotState } from '../contract/native/views.ts'
import type { Engine } from '../engine/engine.ts'
import { BotFault } from '../fault.ts'
import { lockedWords } from '../locked/locked.ts'
import type { BotRow, BotStore } from '../store.ts'
import type { StoredLink } from './link-store.ts'
import type { Why } from './decisions.ts'
import { botLifecycle, isRunning, needsPerson, type BotLifeEvent } from './lifecycle.ts'

export interface BotRecordParts {
  engine: Pick<Engine, 'isLinked'>
  store: BotStore
  clock: Clock
  log: Log
  /** After every change of what is shown; `state` is set when that changed and is news. */
  onChange(state: BotState | null): void
}

/** What changes of a bot beside its life: by a person, or as WhatsApp tells it. */
export type BotFacts = Partial<Pick<BotRow, 'phoneNumber' | 'name' | 'label' | 'notes' | 'proxy' | 'wanted' | 'linkedAt' | 'settings'>>

export class BotRecord {
  readonly link: StoredLink
  readonly #parts: BotRecordParts
  readonly #row: BotRow
  readonly #life: Lifecycle<BotState, BotLifeEvent>
  /** What the event under way brings along. */
  #why: Why | null = null
  #learned: BotFacts = {}
  /** The connection was lost, that was told, and it is not back. */
  #isAway = false
  #lockedSince: number | null = null

  constructor(row: BotRow, parts: BotRecordParts) {
    this.#parts = parts
    // No connection outlives the process, whatever the row says; what waited for a person still does.
    this.#row = isRunning(row.state) ? { ...row, state: 'stopped', reason: null, cause: null } : { ...row }
    this.link = parts.store.link(row.userId)
    this.#life = new Lifecycle(
      botLifecycle,
      {
        facts: () => undefined,
        onTransition: (_from, state, event) => this.#onTransition(state, event),
        onIllegal: (state, event) => parts.log.warn({ bot: row.userId, state, event }, 'the life of a bot has no such transition'),
      },
      this.#row.state,
    )
    this.#lookWhetherLocked()
  }

  /** As it is shown. */
  get row(): Readonly<BotRow> {
    return this.#lockedSince === null
      ? this.#row
      : { ...this.#row, state: 'failed', reason: lockedWords, cause: 'locked', since: this.#lockedSince }
  }

  get isLocked(): boolean {
    return this.#lockedSince !== null
  }

  /** A link that is locked is one. */
  get isLinked(): boolean {
    return this.isLocked || this.#parts.engine.isLinked(this.link)
  }

  /** `learned` is kept with it. False when the table of its life does not allow the event. */
  handle(event: BotLifeEvent, why: Why | null = null, learned: BotFacts = {}): boolean {
    this.#why = why
    this.#learned = learned
    return this.#life.handle(event)
  }

  stop(why: Why | null): void {
    if (this.#row.state !== 'stopped') this.handle('stopped', why)
  }

  change(facts: BotFacts): void {
    Object.assign(this.#row, facts)
    this.#parts.store.update(this.#row)
    this.#parts.onChange(null)
  }

  /** Whether it runs again after a restart of the app. */
  want(wanted: boolean): void {
    if (this.#row.wanted === wanted) return
    this.#row.wanted = wanted
    this.#parts.store.update(this.#row)
  }

  /** The room was started: the keys that are here may be others now. */
  reopen(): void {
    const wasLocked = this.isLocked
    Object.assign(this.#row, { lockedProxy: undefined, ...this.#parts.store.reopen(this.#row) })
    this.#lookWhetherLocked()
    if (wasLocked || this.isLocked) this.#parts.onChange(null)
  }

  /** Puts a backup in the place of the link. */
  restore({ rows, linkedAt, name, phoneNumber }: BackupContent): void {
    this.link.replace(rows)
    this.reopen()
    this.change({ linkedAt, name, phoneNumber })
  }

  /** The phone goes on to show a device until it is removed there. */
  forgetLink(): void {
    this.link.replace([])
    if (this.#row.lockedProxy !== undefined) Object.assign(this.#row, { lockedProxy: undefined, proxy: null })
    this.#row.linkedAt = null
    this.#lockedSince = null
  }

  /** For good. */
  giveUpLocked(): void {
    this.forgetLink()
    const why: Why = {
      cause: 'given-up',
      reason: 'What was locked has been given up; pair the bot again, and remove its old device on the phone',
    }
    this.stop(why)
    Object.assign(this.#row, { ...why, since: this.#parts.clock.now() })
    this.change({ wanted: false })
  }

  #lookWhetherLocked(): void {
    if (this.#row.lockedProxy === undefined && !this.#isLinkLocked()) this.#lockedSince = null
    else this.#lockedSince ??= this.#row.state === 'failed' ? this.#row.since : this.#parts.clock.now()
  }

  #isLinkLocked(): boolean {
    try {
      this.#parts.engine.isLinked(this.link)
      return false
    } catch (error) {
      if (BotFault.is(error, 'bot-locked')) return true
      throw error
    }
  }

  #onTransition(state: BotState, event: BotLifeEvent): void {
    const { store, clock, log, onChange } = this.#parts
    const row = this.#row
    const isAttempt = this.#isAway && (state === 'starting' || state === 'reconnecting')
    this.#isAway = isAttempt || state === 'reconnecting'
    // Away since the loss, however often it was tried meanwhile.
    Object.assign(row, this.#learned, {
      state,
      reason: this.#why?.reason ?? null,
      cause: this.#why?.cause ?? null,
      since: isAttempt ? row.since : clock.now(),
    })
    // What cannot go on by itself is not tried again by a restart of the app either.
    if (needsPerson(state)) row.wanted = false
    try {
      // The row goes on to say what is to run again; the history says that nothing ran from here on.
      if (event === 'suspended') store.note(row.userId, row.since, 'stopped', 'Wheelhouse was closed')
      else if (isAttempt) store.update(row)
      else store.saveState(row)
    } catch (error) {
      // A disk that refuses must not leave a bot between two states; the next change writes this one too.
      log.error({ bot: row.userId, state, error }, 'the state of a bot could not be written')
    }
    onChange(isAttempt || event === 'suspended' ? null : state)
  }
}
