/** The library's credentials and keys over our rows: all kinds alike, credentials and keys of one moment in one transaction. */
import type { AuthenticationCreds, SignalDataSet, SignalKeyStore } from 'baileys'
import type { Arrival, LinkRow, LinkRows } from '../link.ts'
import type { Pair } from '../people.ts'
import { pairsOfKeys } from './people.ts'

type Library = Pick<typeof import('baileys'), 'BufferJSON' | 'initAuthCreds' | 'proto'>

export interface BaileysLink {
  state: { creds: AuthenticationCreds; keys: SignalKeyStore }
  /** Writes the credentials when they have changed since they were last written. */
  saveCreds(): void
  /** Nothing more is written: what a dead socket still wants to say must not undo a restore. */
  seal(): void
}

/** Under this kind the messages go along with the keys that have read them. */
export const arrivalsKind = 'wheelhouse-arrivals'

/** Where the credentials are among the rows. */
export const credsKind = 'creds'
export const credsId = ''

/**
 * Until the phone has accepted, everything stays in memory: a link that was begun and not finished leaves nothing behind, which a later
 * start would take for a link and be refused with. `refused` hears when the disk does not take what has to be kept, before the library
 * does; `learned` hears what the library finds out about who is who.
 */
export function openLink(
  rows: LinkRows,
  library: Library,
  refused: (error: unknown) => void = () => {},
  learned: (pairs: Pair[]) => void = () => {},
): BaileysLink {
  const { BufferJSON } = library
  const read = (value: Buffer): unknown => JSON.parse(value.toString(), BufferJSON.reviver)
  const write = (value: unknown): Buffer => Buffer.from(JSON.stringify(value, BufferJSON.replacer))
  const kept = rows.get(credsKind, [credsId]).get(credsId)
  // Written by the line below in an earlier run; the seal proves that it is ours.
  const creds = kept === undefined ? library.initAuthCreds() : (read(kept) as AuthenticationCreds)
  let written = kept?.toString() ?? ''
  let unlinked: Map<string, { kind: string; id: string; value: unknown }> | null = creds.account === undefined ? new Map() : null
  let isSealed = false

  function put(changes: readonly LinkRow[], arrivals: readonly Arrival[] = []): void {
    if (isSealed) return
    const current = write(creds)
    const changed = current.toString() !== written
    if (!changed && changes.length === 0 && arrivals.length === 0) return
    try {
      rows.put([...changes, ...(changed ? [{ kind: credsKind, id: credsId, value: current }] : [])], { arrivals, durable: changed })
    } catch (error) {
      refused(error)
      throw error
    }
    written = current.toString()
  }

  function saveCreds(): void {
    if (creds.account === undefined) return
    const waiting = [...(unlinked?.values() ?? [])].map(({ kind, id, value }) => ({
      kind,
      id,
      value: value === null ? null : write(value),
    }))
    put(waiting)
    unlinked = null
  }

  const keys: SignalKeyStore = {
    get(kind, ids) {
      const found: Record<string, unknown> = {}
      if (unlinked !== null) {
        for (const id of ids) {
          const held = unlinked.get(`${kind}:${id}`)?.value
          if (held !== undefined && held !== null) found[id] = held
        }
      } else {
        for (const [id, value] of rows.get(kind, ids)) found[id] = revive(kind, read(value))
      }
      return found as never // rows of a kind hold what the library gave for that kind
    },
    set(data: SignalDataSet) {
      // Put there by `keeping.ts`.
      const { [arrivalsKind]: arrivals = {}, ...signal } = data as SignalDataSet & { [arrivalsKind]?: Record<string, Arrival> }
      const changes = Object.entries(signal).flatMap(([kind, values]) =>
        Object.entries(values ?? {}).map(([id, value]) => ({ kind, id, value: value as unknown })),
      )
      if (unlinked !== null) for (const change of changes) unlinked.set(`${change.kind}:${change.id}`, change)
      else
        put(
          changes.map(({ kind, id, value }) => ({ kind, id, value: value === null || value === undefined ? null : write(value) })),
          Object.values(arrivals),
        )
      const pairs = pairsOfKeys(signal['lid-mapping'] ?? {})
      if (pairs.length > 0 && !isSealed) learned(pairs)
    },
  }

  /** The one kind that is a protobuf object and has methods. */
  function revive(kind: string, value: unknown): unknown {
    return kind === 'app-state-sync-key' ? library.proto.Message.AppStateSyncKeyData.fromObject(value as object) : value
  }

  return { state: { creds, keys }, saveCreds, seal: () => void (isSealed = true) }
}

/** True when the rows hold a link that the phone has accepted. */
export function holdsLink(rows: LinkRows): boolean {
  const creds = rows.get(credsKind, [credsId]).get(credsId)
  return creds !== undefined && creds.includes('"account":{')
}
