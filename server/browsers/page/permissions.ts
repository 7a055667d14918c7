/**
 * What the pages of a session ask to be allowed: notifications, the place, camera, microphone. All of it is denied by itself and told; the
 * person who drives can allow it to a site for as long as the session's browser runs.
 */
import { randomUUID } from 'node:crypto'
import type { CDPSession } from 'puppeteer-core'
import { createSignal } from '../../async/signal.ts'
import type { RecordSessionEvent } from '../events.ts'

export interface AskedPermission {
  id: string
  name: string
  /** Of the site that asks. */
  origin: string
}

const known = new Set(['notifications', 'geolocation', 'camera', 'microphone'])
const mostAsked = 50

export class Permissions {
  readonly #record: RecordSessionEvent
  readonly #asked = new Map<string, AskedPermission>()
  /** Said by the person: they are not asked again. */
  readonly #decided = new Set<string>()
  readonly #changed = createSignal()
  #cdp: CDPSession | null = null

  constructor(record: RecordSessionEvent) {
    this.#record = record
  }

  /** Those that nobody has decided. */
  list(): AskedPermission[] {
    return [...this.#asked.values()]
  }

  /** Returns what ends the subscription. */
  onChange(listener: () => void): () => void {
    return this.#changed.subscribe(listener)
  }

  watch(cdp: CDPSession): void {
    this.#cdp = cdp
  }

  browserGone(): void {
    this.#cdp = null
  }

  asked(name: string, origin: string): void {
    const key = `${name} ${origin}`
    if (!known.has(name) || !/^https?:/.test(origin) || this.#decided.has(key) || this.#asked.has(key)) return
    if (this.#asked.size >= mostAsked) return
    this.#asked.set(key, { id: randomUUID(), name, origin })
    this.#record('permission-asked', { name, host: hostOf(origin) })
    this.#changed.emit()
  }

  /** False when nobody asks for that. An answer of no keeps it denied. Rejects when the browser does not do it. */
  async decide(id: string, allowed: boolean): Promise<boolean> {
    const found = [...this.#asked].find(([, each]) => each.id === id)
    if (found === undefined) return false
    const [key, { name, origin }] = found
    this.#asked.delete(key)
    this.#decided.add(key)
    this.#changed.emit()
    if (!allowed) return true
    await this.#cdp?.send('Browser.setPermission', { permission: { name }, setting: 'granted', origin })
    this.#record('permission-allowed', { name, host: hostOf(origin) })
    return true
  }
}

const hostOf = (origin: string): string => URL.parse(origin)?.host ?? origin
