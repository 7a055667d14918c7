/** Writes down what the engine must still know after the process was killed, and tells who waits for it. */
import type { Policy } from '../../policy.ts'
import type { GroupCommit, Waiting } from './commit.ts'
import type { Journal } from './journal.ts'
import type { Publisher, Receipt, Tenant } from './model.ts'
import type { Gone } from './stored.ts'
import { isWritten } from './tenant.ts'

export class Recorder {
  readonly #journal: Journal
  readonly #commit: GroupCommit

  constructor(journal: Journal, commit: GroupCommit) {
    this.#journal = journal
    this.#commit = commit
  }

  /** The segment that what is written now will stand in. */
  get segment(): number {
    return this.#journal.segment
  }

  get isCommitting(): boolean {
    return this.#commit.isRunning
  }

  /** The writer of the session's records, null when it keeps nothing on the disk. */
  of(tenant: Tenant): Journal['records'] | null {
    if (!isWritten(tenant) || this.#commit.isStopped) return null
    this.#commit.kick()
    return this.#journal.records
  }

  /** Is answered once what was written until now is as durable as it asks for. */
  add(entry: Waiting): void {
    this.#commit.add(entry)
  }

  /** Calls back once what was written until now is so durable; with false when the disk refused. */
  whenStored(durability: Policy['durability'], done: (isStored: boolean) => void): void {
    this.#commit.add({ receipt: newReceipt(null, '', ''), message: null, once: [], durability, done })
  }

  /** The same as a promise. What the disk refused is written with the next commit that works. */
  stored(durability: Policy['durability'] = 'fsync'): Promise<boolean> {
    return new Promise((done) => this.whenStored(durability, done))
  }

  /** What of the session stands on the disk until here is nothing any more; its space comes back when its segments go. */
  tenantGone(tenant: Tenant, { nextSeq, nextSubscriber }: Omit<Gone, 'tenant'>): void {
    this.of(tenant)?.tenantGone({ tenant: tenant.id, nextSeq, nextSubscriber })
  }

  /** Leaves nothing on the disk but what is needed now. False when it refused: that is done with the next commit that works. */
  rewrite(): Promise<boolean> {
    this.#journal.startAnew()
    return this.stored()
  }
}

export function newReceipt(client: Publisher | null, token: string | number, topic: string): Receipt {
  return { client, token, topic, deliveredTo: 0, queuedFor: 0, duplicate: false, refusal: null }
}
