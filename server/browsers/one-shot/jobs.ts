/** One-shots that nobody waits for: how far they are, and what they came to, for a while. */
import { randomBytes } from 'node:crypto'
import { iso, type Clock } from '../../clock.ts'
import { Fault } from '../../fault.ts'
import { escape } from '../../isolation.ts'
import type { JobView, OneShotKind } from '../contract/one-shots.ts'
import { BrowserFault } from '../fault.ts'
import type { OneShotResult, WorkTools } from './work.ts'

export interface Job {
  id: string
  kind: OneShotKind
  /** The session it is about, if any. */
  session: string | null
  maker: string | null
  state: JobView['state']
  step: string
  createdAt: number
  endedAt: number | null
  error: string | null
  result: OneShotResult | null
}

interface Kept extends Job {
  abort: AbortController
}

/** Ms after its end. */
const keptFor = 10 * 60_000
const mostJobs = 100
/** Bytes of all results together. */
const mostBytes = 256 * 1_048_576

export class Jobs {
  readonly #clock: Clock
  readonly #jobs = new Map<string, Kept>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Throws `no-capacity` when too many run. */
  begin(about: Pick<Job, 'kind' | 'session' | 'maker'>, work: (tools: WorkTools) => Promise<OneShotResult>): Job {
    this.#prune()
    if (this.#jobs.size >= mostJobs) throw new BrowserFault('no-capacity', `${mostJobs} one-shots are running or kept`)
    const abort = new AbortController()
    const job: Kept = {
      ...{ ...about, id: `job_${randomBytes(12).toString('base64url')}`, state: 'running', step: 'beginning' },
      ...{ createdAt: this.#clock.now(), endedAt: null, error: null, result: null, abort },
    }
    this.#jobs.set(job.id, job)
    work({ signal: abort.signal, tell: (step) => void (job.step = step) })
      .then(
        (result) => this.#ended(job, 'done', { result }),
        (error: unknown) => this.#ended(job, 'failed', { error: error instanceof Fault ? error.message : 'It failed' }),
      )
      .catch(escape)
    return job
  }

  /** Throws `job-not-found`. */
  get(id: string): Job {
    this.#prune()
    const job = this.#jobs.get(id)
    if (job === undefined) throw new BrowserFault('job-not-found', 'No such job')
    return job
  }

  /** Stops it, and forgets it. */
  forget(id: string): void {
    this.#jobs.get(id)?.abort.abort(cancelled())
    this.#jobs.delete(id)
  }

  stop(): void {
    for (const id of [...this.#jobs.keys()]) this.forget(id)
  }

  #ended(job: Kept, state: 'done' | 'failed', outcome: Partial<Pick<Job, 'result' | 'error'>>): void {
    Object.assign(job, { state: job.abort.signal.aborted ? 'cancelled' : state, step: '', endedAt: this.#clock.now() }, outcome)
    this.#prune()
  }

  #prune(): void {
    const over = [...this.#jobs.values()].filter(({ endedAt }) => endedAt !== null).sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
    let bytes = 0
    for (const [index, { id, endedAt, result }] of over.entries()) {
      bytes += result?.content.byteLength ?? 0
      const late = endedAt !== null && this.#clock.now() - endedAt >= keptFor
      if (late || bytes > mostBytes || index >= mostJobs / 2) this.#jobs.delete(id)
    }
  }
}

const cancelled = (): Fault => new BrowserFault('session-ended', 'The job was cancelled')

export function presentJob({ id, kind, state, step, createdAt, endedAt, error, result }: Job): JobView {
  return {
    ...{ id, kind, state, step, error, createdAt: iso(createdAt), endedAt: endedAt === null ? null : iso(endedAt) },
    result: result === null ? null : `/v1/jobs/${id}/result`,
  }
}
