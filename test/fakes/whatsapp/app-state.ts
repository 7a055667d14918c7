/**
 * An account's settings of chats (archived, pinned, muted, labelled), in sealed patches that its devices send each other through the
 * server.
 */
import { proto, type BinaryNode } from 'baileys'
import type { Account, Device } from './accounts.ts'
import type { Deliveries } from './deliveries.ts'
import { child, children, node, result, seconds, server } from './nodes.ts'

export class AppState {
  readonly #deliveries: Deliveries
  /** By account and collection; the first has version 1. */
  readonly #patches = new Map<string, Uint8Array[]>()
  #lastId = 0

  constructor(deliveries: Deliveries) {
    this.#deliveries = deliveries
  }

  answer(request: BinaryNode, device: Device): BinaryNode | null {
    const sync = child(request, 'sync')
    if (request.attrs['xmlns'] !== 'w:sync:app:state' || sync === undefined) return null
    const collections = children(sync).map((collection) => this.#sync(collection, device))
    return result(request, [node('sync', {}, collections)])
  }

  #sync(collection: BinaryNode, device: Device): BinaryNode {
    const { name = '', version: known = '0' } = collection.attrs
    const patches = this.#of(device.account, name)
    const missed = patches.slice(Number(known))
    const added = children(collection).flatMap(({ content }) => (content instanceof Uint8Array ? [content] : []))
    if (added.length === 0) return this.#collection(name, patches.length, missed)
    // Somebody else was first: the device is to read that and try again.
    if (missed.length > 0) return node('collection', { name, type: 'error' }, [node('error', { code: '409', text: 'conflict' })])
    for (const patch of added) {
      const version = { version: patches.length + 1 }
      patches.push(proto.SyncdPatch.encode({ ...proto.SyncdPatch.decode(patch), version }).finish())
    }
    this.#tellOthers(device, name, patches.length)
    return this.#collection(name, patches.length, [])
  }

  #collection(name: string, version: number, patches: Uint8Array[]): BinaryNode {
    const content = patches.map((patch) => node('patch', {}, patch))
    return node('collection', { name, version: String(version), has_more_patches: 'false' }, [node('patches', {}, content)])
  }

  #tellOthers(device: Device, name: string, version: number): void {
    for (const other of device.account.devices.values()) {
      if (other === device) continue
      this.#lastId += 1
      const attrs = { from: server, type: 'server_sync', id: `sync-${this.#lastId}`, t: seconds() }
      this.#deliveries.deliver(other, node('notification', attrs, [node('collection', { name, version: String(version) })]))
    }
  }

  #of({ number }: Account, name: string): Uint8Array[] {
    const key = `${number} ${name}`
    const patches = this.#patches.get(key) ?? []
    this.#patches.set(key, patches)
    return patches
  }
}
