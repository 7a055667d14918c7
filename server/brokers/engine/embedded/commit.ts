/** Group commit: who waits for the disk waits together, and one sync answers them all. */
import { escape } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import type { Policy } from '../../policy.ts'
import type { Journal } from './journal.ts'
import type { DeadLetter, Message, Receipt, Target } from './model.ts'

/** Something accepted whose publisher is not told yet. */
export interface Waiting {
  receipt: Receipt
  message: Message | null
  /** Who gets the message without acknowledgement. */
  once: readonly Target[]
  durability: Policy['durability']
  /** The dead letter that the message replays. */
  replayed?: DeadLetter
  /** For whoever waits for the commit itself; false when the disk refused. */
  done?: (isDurable: boolean) => void
}

export interface CommitOptions {
  journal: Journal
  log: Log
  /** Runs it on behalf of all clients. */
  inScope(work: () => void): void
  /** These are as durable as they asked for. */
  confirm(batch: readonly Waiting[]): void
  /** The disk refused: nobody was told that it is safe, so it is taken back. */
  refuse(entry: Waiting): void
  storageFailed(error: unknown): void
  storageWorks(): void
}

/** Seconds. */
const longestPause = 60

export class GroupCommit {
  readonly #options: CommitOptions
  #waiting: Waiting[] = []
  #running: Promise<void> | null = null
  #stopped = false
  #refuses = false
  /** Of a disk that refuses: how often it was asked again by itself, and the seconds since. */
  #asked = 0
  #sinceAsked = 0

  constructor(options: CommitOptions) {
    this.#options = options
  }

  get isStopped(): boolean {
    return this.#stopped
  }

  get isRunning(): boolean {
    return this.#running !== null
  }

  add(entry: Waiting): void {
    this.#waiting.push(entry)
    this.kick()
  }

  /** Called every second: a disk that refused is asked again, less and less often, though nobody has anything to write. */
  askAgain(): void {
    if (!this.#refuses) return
    this.#sinceAsked += 1
    // What is written then is all that is needed, which may be much.
    if (this.#sinceAsked < Math.min(longestPause, 2 ** this.#asked)) return
    this.#asked += 1
    this.#sinceAsked = 0
    this.kick()
  }

  /** Sees to it that what was appended to the journal is written soon. */
  kick(): void {
    if (this.#stopped) return
    this.#running ??= new Promise<void>((resolve) => {
      // What else this turn of the event loop brings shares the same sync.
      this.#options.inScope(() => void setImmediate(() => void this.#commitAll().catch(escape).then(resolve)))
    })
  }

  /** Writes what there is and takes nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    if (this.#waiting.length > 0 || this.#options.journal.records.length > 0) await this.#commit()
  }

  async #commitAll(): Promise<void> {
    try {
      do await this.#commit()
      while (this.#waiting.length > 0 && !this.#stopped)
    } finally {
      this.#running = null
      if (this.#options.journal.records.length > 0 || this.#waiting.length > 0) this.kick()
    }
  }

  async #commit(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = []
    let left = this.#confirm(batch, 'memory')
    const { journal } = this.#options
    const written = await this.#ask(() => journal.write())
    if (written) left = this.#confirm(left, 'crash-safe')
    const synced = written && ((left.length === 0 && !journal.needsSync) || (await this.#ask(() => journal.sync())))
    if (!synced) return this.#refuse(left)
    this.#confirm(left, 'fsync')
    if (!this.#refuses) return
    this.#refuses = false
    this.#asked = this.#sinceAsked = 0
    this.#options.storageWorks()
  }

  /** False when the disk refused. */
  async #ask(work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      if (!this.#refuses) this.#options.storageFailed(error)
      this.#refuses = true
      this.#options.log.error({ error: String(error) }, 'the brokers could not write their journal')
      return false
    }
  }

  #refuse(left: readonly Waiting[]): void {
    for (const entry of left) this.#options.refuse(entry)
    // A repetition of a message that was just refused must not be told that it is safe.
    for (const entry of this.#waiting) if (entry.receipt.duplicate) entry.receipt.refusal = 'storage-failed'
  }

  /** Confirms those that ask for no more than this; returns the rest. */
  #confirm(batch: readonly Waiting[], durability: Policy['durability']): Waiting[] {
    this.#options.confirm(batch.filter((entry) => entry.durability === durability))
    return batch.filter((entry) => entry.durability !== durability)
  }
}
