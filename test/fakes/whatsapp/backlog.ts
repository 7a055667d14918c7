/** What waited for a device while it was away, and how the server says that this was all. */
import type { Device } from './accounts.ts'
import { node, server } from './nodes.ts'

export class Backlog {
  /** `never`: the library then holds what came back for 30 s. `when-told`: by `end`. */
  ending: 'at-once' | 'when-told' | 'never' = 'at-once'
  /** True: what waits is counted first and sent when the device asks for a batch. */
  isPreviewed = false
  /** So many of the last that waited come right behind the others as if they had only just been written. */
  live = 0
  readonly #unended = new Set<Device>()

  /** A device has logged in. */
  open(device: Device): void {
    this.#unended.add(device)
    if (!this.isPreviewed || device.waiting.length === 0) return this.deliver(device)
    const count = String(device.waiting.length)
    device.connection?.send(
      node('ib', { from: server }, [node('offline_preview', { count, message: count, receipt: '0', notification: '0' })]),
    )
  }

  /** The device asks for what was announced, or is handed all of it. */
  deliver(device: Device): void {
    // What it has acknowledged is not among it, and does not come again.
    const old = device.waiting.length - this.live
    for (const [index, stanza] of device.waiting.entries())
      device.connection?.send(index < old ? { ...stanza, attrs: { ...stanza.attrs, offline: '0' } } : stanza)
    if (this.ending === 'at-once') this.#end(device)
  }

  /** That was all, for the devices of this number. */
  end(number: string): void {
    for (const device of this.#unended) if (device.account.number === number) this.#end(device)
  }

  #end(device: Device): void {
    this.#unended.delete(device)
    // Ends the start-up buffer of the library.
    device.connection?.send(node('ib', { from: server }, [node('offline', { count: String(device.waiting.length) })]))
  }
}
