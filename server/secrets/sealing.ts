/**
 * Sealing as the house has it: the installation's key, keys of earlier days beside it, and what is to be said while one is missing. Nothing
 * here ever replaces a key that something was sealed with: without it the house starts, what is sealed stays locked, and a person decides.
 */
import { randomBytes } from 'node:crypto'
import { iso, type Clock } from '../clock.ts'
import { Fault, KernelFault } from '../fault.ts'
import type { Log } from '../log.ts'
import { diskRefusal } from '../store/disk.ts'
import type { RandomBytes } from './random.ts'
import { createSealer } from './seal.ts'
import type { Sealer } from './sealer.ts'
import { loadSealingKey, putKeyAside, readOtherKeys, readSealingKey, type KeyProtector } from './sealing-key.ts'
import type { SealingStore } from './sealing-store.ts'

/**
 * - `open`: the key is there and opens what was sealed.
 * - `changed`: there is a key, yet what was sealed needs another one. New things are sealed with the one that is there.
 * - `missing`, `broken`: something is sealed and there is no key that can be read. Nothing can be sealed.
 * - `protected`: the key needs the key store of the desktop app. It is not lost, so nothing is to be given up.
 */
export type SealingState = { is: 'open' } | { is: 'changed' | 'missing' | 'broken' | 'protected'; reason: string }

export interface Sealing {
  sealer: Sealer
  state(): SealingState
  /** Reads the key files again, after a person has put one back. */
  reload(): Promise<SealingState>
  /**
   * After a person has given up what the lost key sealed: makes a key where there is none. A file that cannot be read is kept under another
   * name.
   */
  replaceLost(): Promise<void>
}

export interface SealingOptions {
  dataDir: string
  store: SealingStore
  protector?: KeyProtector | undefined
  clock: Pick<Clock, 'now'>
  log: Pick<Log, 'warn'>
  random?: RandomBytes
}

const checkPlace = 'kernel:sealing-check'
const checkText = 'wheelhouse'

export async function createSealing({ dataDir, store, protector, clock, log, random = randomBytes }: SealingOptions): Promise<Sealing> {
  let current: Sealer | null = null
  let others: readonly Sealer[] = []
  let state: SealingState = { is: 'open' }
  /** True once the key leaves its mark in the database, so that it is known again. */
  let marked = false

  async function reload(): Promise<SealingState> {
    const { keys, unreadable } = await otherKeys()
    if (unreadable.length > 0) log.warn({ files: unreadable }, 'files beside the sealing key cannot be read as keys')
    others = keys.map((key) => createSealer(key, random))
    current = null
    try {
      const sealed = store.sealed()
      const key = sealed === null ? await loadSealingKey(dataDir, protector, random) : await readSealingKey(dataDir, protector)
      if (key !== null) current = createSealer(key, random)
      state = stateFor(sealed?.check ?? null)
    } catch (error) {
      state = stateOfFailure(error)
    }
    marked = state.is === 'open' && (store.sealed()?.check ?? null) !== null
    return state
  }

  /** None where the folder cannot even be listed; what is wrong with it, the key itself will tell. */
  async function otherKeys(): ReturnType<typeof readOtherKeys> {
    try {
      return await readOtherKeys(dataDir, protector)
    } catch {
      return { keys: [], unreadable: [] }
    }
  }

  function stateFor(check: Buffer | null): SealingState {
    if (current === null)
      return { is: 'missing', reason: `sealing-key.json is missing from ${dataDir}; what it sealed cannot be opened without` }
    if (check === null || opensCheck(check)) return { is: 'open' }
    return { is: 'changed', reason: `sealing-key.json in ${dataDir} is not the key that sealed what is kept there` }
  }

  function opensCheck(check: Buffer): boolean {
    try {
      return open(check, checkPlace).toString() === checkText
    } catch {
      return false
    }
  }

  function open(sealed: Uint8Array, context: string): Buffer {
    let problem: unknown
    for (const sealer of current === null ? others : [current, ...others]) {
      try {
        return sealer.open(sealed, context)
      } catch (error) {
        problem ??= error
      }
    }
    throw new KernelFault('sealed-locked', 'This was sealed with a key that is not here', {}, { cause: problem })
  }

  function seal(plain: string | Uint8Array, context: string): Buffer {
    if (current === null)
      throw new KernelFault('sealed-locked', state.is === 'open' ? 'There is no sealing key' : `Nothing can be sealed: ${state.reason}`)
    if (!marked && state.is === 'open') {
      store.putCheck(current.seal(checkText, checkPlace))
      marked = true
    }
    return current.seal(plain, context)
  }

  await reload()
  return {
    sealer: { seal, open },
    state: () => state,
    reload,
    async replaceLost() {
      if (state.is === 'protected') throw new KernelFault('sealing-key-protected', state.reason)
      if (state.is === 'broken') putKeyAside(dataDir, iso(clock.now()))
      if (current === null) current = createSealer(await loadSealingKey(dataDir, protector, random), random)
      // From here on it is the key of the house; what others sealed and nobody gave up stays locked by itself.
      store.putCheck(current.seal(checkText, checkPlace))
      state = { is: 'open' }
      marked = true
    },
  }
}

function stateOfFailure(error: unknown): SealingState {
  if (error instanceof Fault && error.code === 'sealing-key-protected') return { is: 'protected', reason: error.message }
  if (error instanceof Fault) return { is: 'broken', reason: error.message }
  const refusal = diskRefusal(error, { ofFile: true })
  if (refusal !== null) return { is: 'broken', reason: `the sealing key cannot be read or made: ${refusal.reason}` }
  throw error
}
