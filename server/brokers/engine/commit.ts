/** Group commit: who waits for the disk waits together, and one sync answers them all. */
import type { Log } from '../../log.ts'
import type { Policy } from '../policy.ts'
import type { Journal } from './journal.ts'
import type { DeadLetter, Message, Receipt } from './model.ts'
import type { Target } from './topics.ts'

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
  /** These are as durable as they asked for. */
  confirm(batch: readonly Waiting[]): void
  /** The disk refused: nobody was told that it is safe, so it is taken back. */
  refuse(entry: Waiting): void
  storageFailed(error: unknown): void
  storageWorks(): void
}

export class GroupCommit {
  private readonly options: CommitOptions
  private waiting: Waiting[] = []
  private running: Promise<void> | null = null
  private stopped = false
  /** Times the disk refused since it last worked. */
  private failures = 0
  private askedSince = 0

  constructor(options: CommitOptions) {
    this.options = options
  }

  get isStopped(): boolean {
    return this.stopped
  }

  get isRunning(): boolean {
    return this.running !== null
  }

  add(entry: Waiting): void {
    this.waiting.push(entry)
    this.kick()
  }

  /** Called every second: a disk that refused is asked again, less and less often, though nobody has anything to write. */
  askAgain(): void {
    if (this.failures === 0) return
    this.askedSince += 1
    if (this.askedSince >= Math.min(60, 2 ** (this.failures - 1))) this.kick()
  }

  /** Sees to it that what was appended to the journal is written soon. */
  kick(): void {
    if (this.stopped) return
    this.running ??= new Promise<void>((resolve) => {
      // What else this turn of the event loop brings shares the same sync.
      setImmediate(() => void this.commitAll().then(resolve))
    })
  }

  /** Writes what there is and takes nothing more. */
  async stop(): Promise<void> {
    this.stopped = true
    await this.running
    if (this.waiting.length > 0 || this.options.journal.records.length > 0) await this.commit()
  }

  private async commitAll(): Promise<void> {
    do await this.commit()
    while (this.waiting.length > 0 && !this.stopped)
    this.running = null
    if (this.options.journal.records.length > 0) this.kick()
  }

  private async commit(): Promise<void> {
    const { journal, log, refuse, storageFailed, storageWorks } = this.options
    const batch = this.waiting
    this.waiting = []
    let left = this.confirm(batch, 'memory')
    try {
      await journal.write()
      left = this.confirm(left, 'crash-safe')
      if (left.length > 0 || journal.needsSync) await journal.sync()
      this.confirm(left, 'fsync')
      const worksAgain = this.failures > 0
      this.failures = 0
      if (worksAgain) storageWorks()
    } catch (error) {
      this.failures += 1
      this.askedSince = 0
      if (this.failures === 1) storageFailed(error)
      log.error({ error: String(error) }, 'the brokers could not write their journal')
      for (const entry of left) refuse(entry)
      // A repetition of a message that was just refused must not be told that it is safe.
      for (const entry of this.waiting) if (entry.receipt.duplicate) entry.receipt.refusal = 'storage-failed'
    }
  }

  /** Confirms those that ask for no more than this; returns the rest. */
  private confirm(batch: readonly Waiting[], durability: Policy['durability']): Waiting[] {
    this.options.confirm(batch.filter((entry) => entry.durability === durability))
    return batch.filter((entry) => entry.durability !== durability)
  }
}
