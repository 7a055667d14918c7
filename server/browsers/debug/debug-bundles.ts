/** What was kept of runs that somebody wants to look into: each a ZIP with its facts beside it, for a day, within a number and a size. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { replaceFile } from '../../store/files.ts'
import { BrowserFault } from '../fault.ts'

/** Ms. */
export const debugBundlesKept = 24 * 3_600_000
const sweepEvery = 15 * 60_000

const facts = z.object({
  id: z.uuid(),
  session: z.string(),
  operation: z.string(),
  /** Who may see it. */
  makers: z.array(z.string().nullable()),
  /** Ms since the epoch. */
  madeAt: z.number(),
  bytes: z.number().int(),
})
export type DebugBundle = z.output<typeof facts>

export interface DebugBundlesOptions {
  folder: string
  clock: Pick<Clock, 'now'>
  limits?: { most: number; mostBytes: number }
}

export class DebugBundles {
  readonly #folder: string
  readonly #clock: Pick<Clock, 'now'>
  readonly #limits: { most: number; mostBytes: number }
  /** The oldest first. */
  readonly #kept = new Map<string, DebugBundle>()
  #timer: NodeJS.Timeout | undefined

  constructor({ folder, clock, limits = { most: 50, mostBytes: 300_000_000 } }: DebugBundlesOptions) {
    this.#folder = folder
    this.#clock = clock
    this.#limits = limits
  }

  /** Finds what earlier runs have left, and removes what is over or only half there. */
  start(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const names = readdirSync(this.#folder)
    const found = names.filter((name) => name.endsWith('.json')).flatMap((name) => this.#read(name))
    for (const bundle of found.sort((a, b) => a.madeAt - b.madeAt)) this.#kept.set(bundle.id, bundle)
    for (const name of names)
      if (!this.#kept.has(name.replace(/\.(json|zip)$/, ''))) rmSync(join(this.#folder, name), { recursive: true, force: true })
    this.sweep()
    this.#timer ??= setInterval(() => this.sweep(), sweepEvery).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Returns its name. */
  async add({ session, operation, makers }: Pick<DebugBundle, 'session' | 'operation' | 'makers'>, zip: Uint8Array): Promise<string> {
    const bundle: DebugBundle = { id: randomUUID(), session, operation, makers, madeAt: this.#clock.now(), bytes: zip.length }
    this.#kept.set(bundle.id, bundle)
    this.sweep()
    await writeFile(this.#path(bundle.id, 'zip'), zip, { mode: 0o600 })
    replaceFile(this.#path(bundle.id, 'json'), JSON.stringify(bundle))
    return bundle.id
  }

  /** Throws `debug-bundle-not-found`, also for one that `reaches` says is somebody else's. */
  get(id: string, reaches: (bundle: DebugBundle) => boolean): DebugBundle & { path: string } {
    this.sweep()
    const found = this.#kept.get(id)
    if (found === undefined || !reaches(found)) throw new BrowserFault('debug-bundle-not-found', 'No such debug bundle')
    return { ...found, path: this.#path(id, 'zip') }
  }

  /** Removes what is a day old, and the oldest where there are too many; the latest stays. */
  sweep(): void {
    const over = this.#clock.now() - debugBundlesKept
    let bytes = [...this.#kept.values()].reduce((sum, bundle) => sum + bundle.bytes, 0)
    for (const bundle of [...this.#kept.values()]) {
      const tooMany = this.#kept.size > 1 && (this.#kept.size > this.#limits.most || bytes > this.#limits.mostBytes)
      if (bundle.madeAt > over && !tooMany) break
      bytes -= bundle.bytes
      this.#kept.delete(bundle.id)
      for (const kind of ['json', 'zip'] as const) rmSync(this.#path(bundle.id, kind), { force: true })
    }
  }

  #path(id: string, kind: 'json' | 'zip'): string {
    return join(this.#folder, `${id}.${kind}`)
  }

  #read(name: string): DebugBundle[] {
    try {
      const read = facts.parse(JSON.parse(readFileSync(join(this.#folder, name), 'utf8')))
      return name === `${read.id}.json` ? [read] : []
    } catch {
      return []
    }
  }
}
