/**
 * Reads and writes what a site stores in a browser. These functions run inside a page, each of them sent there as text, so each stands on
 * its own. IndexedDB is written down as Playwright does it: plain values as they are, all others tagged by a letter (`d` a date, `ta` a
 * typed array and so on).
 */
import type { StateDatabase, StorageItem } from './browser-state.ts'

export interface StorageRead {
  localStorage: StorageItem[]
  sessionStorage: StorageItem[]
  indexedDB: StateDatabase[]
  /** Names of databases. */
  tooLarge: string[]
  /** Names of databases with values that cannot be written down, such as keys that may not leave the browser. */
  unreadable: string[]
}

/** `room` in bytes, for IndexedDB; 0 leaves it out. */
export async function readStorage(room: number): Promise<StorageRead> {
  type Record = StateDatabase['stores'][number]['records'][number]
  const kinds = ['i8', 'ui8', 'ui8c', 'i16', 'ui16', 'i32', 'ui32', 'f32', 'f64', 'bi64', 'bui64']
  const arrays = [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ]
  const answered = <Result>(request: IDBRequest<Result>): Promise<Result> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error ?? new Error('refused'))
    })
  const base64 = (bytes: Uint8Array): string => {
    let binary = ''
    for (const byte of bytes) binary += String.fromCharCode(byte)
    return btoa(binary)
  }
  const items = (storage: Storage): StorageItem[] =>
    Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? '').map((name) => ({ name, value: storage.getItem(name) ?? '' }))

  const isPlain = (value: unknown): boolean => {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
    if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
    if (Array.isArray(value)) return value.every(isPlain)
    if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return false
    return Object.values(value).every(isPlain)
  }
  const encode = (given: unknown): unknown => {
    const seen = new Map<object, number>()
    const walk = (value: unknown): unknown => {
      if (value === undefined) return { v: 'undefined' }
      if (value === null) return { v: 'null' }
      if (typeof value === 'number') {
        if (Object.is(value, -0)) return { v: '-0' }
        return Number.isFinite(value) ? value : { v: String(value) }
      }
      if (typeof value === 'string' || typeof value === 'boolean') return value
      if (typeof value === 'bigint') return { bi: String(value) }
      if (typeof value !== 'object') throw new Error('not to be written down')
      if (value instanceof Date) return { d: value.toJSON() }
      if (value instanceof RegExp) return { r: { p: value.source, f: value.flags } }
      if (value instanceof Error) return { e: { n: value.name, m: value.message, s: value.stack ?? '' } }
      const kind = arrays.findIndex((each) => value instanceof each)
      if (kind !== -1) {
        const view = value as Uint8Array // one of the above, of which only the bytes are read
        return { ta: { b: base64(new Uint8Array(view.buffer, view.byteOffset, view.byteLength)), k: kinds[kind] } }
      }
      if (value instanceof ArrayBuffer) return { ab: { b: base64(new Uint8Array(value)) } }
      const known = seen.get(value)
      if (known !== undefined) return { ref: known }
      const id = seen.size + 1
      seen.set(value, id)
      if (value instanceof Map) return { m: [...value].map(([k, v]) => ({ k: walk(k), v: walk(v) })), id }
      if (value instanceof Set) return { s: [...value].map(walk), id }
      if (Array.isArray(value)) return { a: value.map(walk), id }
      if (Object.getPrototypeOf(value) !== Object.prototype) throw new Error('not to be written down')
      return { o: Object.entries(value).map(([k, v]) => ({ k, v: walk(v) })), id }
    }
    return walk(given)
  }

  const result: StorageRead = { localStorage: [], sessionStorage: [], indexedDB: [], tooLarge: [], unreadable: [] }
  result.localStorage = items(localStorage)
  result.sessionStorage = items(sessionStorage)
  if (room <= 0) return result
  let left = room

  const readDatabase = async (name: string, version: number): Promise<StateDatabase | 'too-large' | 'unreadable'> => {
    const opened = await answered(indexedDB.open(name))
    try {
      const stores: StateDatabase['stores'] = []
      const names = [...opened.objectStoreNames]
      if (names.length === 0) return { name, version, stores }
      const transaction = opened.transaction(names, 'readonly')
      for (const storeName of names) {
        const store = transaction.objectStore(storeName)
        const path = store.keyPath
        const records: Record[] = []
        const walking = store.openCursor()
        for (let cursor = await answered(walking); cursor !== null; cursor = await answered(walking)) {
          const kept: Record = {}
          try {
            if (path === null) Object.assign(kept, isPlain(cursor.key) ? { key: cursor.key } : { keyEncoded: encode(cursor.key) })
            Object.assign(kept, isPlain(cursor.value) ? { value: cursor.value } : { valueEncoded: encode(cursor.value) })
          } catch {
            return 'unreadable'
          }
          left -= JSON.stringify(kept).length
          if (left < 0) return 'too-large'
          records.push(kept)
          cursor.continue()
        }
        stores.push({
          name: storeName,
          records,
          indexes: [...store.indexNames].map((indexName) => {
            const { keyPath, multiEntry, unique } = store.index(indexName)
            return { name: indexName, ...(Array.isArray(keyPath) ? { keyPathArray: keyPath } : { keyPath }), multiEntry, unique }
          }),
          autoIncrement: store.autoIncrement,
          ...(Array.isArray(path) ? { keyPathArray: path } : path === null ? {} : { keyPath: path }),
        })
      }
      return { name, version, stores }
    } finally {
      opened.close()
    }
  }

  for (const { name, version } of await indexedDB.databases()) {
    if (name === undefined || name === '' || version === undefined) continue
    const before = left
    const read = await readDatabase(name, version).catch(() => 'unreadable' as const)
    if (typeof read === 'object') {
      result.indexedDB.push(read)
      continue
    }
    left = before
    if (read === 'too-large') result.tooLarge.push(name)
    else result.unreadable.push(name)
  }
  return result
}

export interface StorageToWrite {
  localStorage: readonly StorageItem[]
  sessionStorage: readonly StorageItem[]
  indexedDB: readonly StateDatabase[]
  /** Removes what is there first. */
  clear: boolean
}

/** Returns the names of databases that would not be written. */
export async function writeStorage({
  localStorage: local,
  sessionStorage: session,
  indexedDB: databases,
  clear,
}: StorageToWrite): Promise<string[]> {
  const arrays = {
    i8: Int8Array,
    ui8: Uint8Array,
    ui8c: Uint8ClampedArray,
    i16: Int16Array,
    ui16: Uint16Array,
    i32: Int32Array,
    ui32: Uint32Array,
    f32: Float32Array,
    f64: Float64Array,
    bi64: BigInt64Array,
    bui64: BigUint64Array,
  }
  const answered = <Result>(request: IDBRequest<Result>): Promise<Result> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error ?? new Error('refused'))
    })
  const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
  const decode = (given: unknown): unknown => {
    const refs = new Map<unknown, unknown>()
    const walk = (value: unknown): unknown => {
      if (typeof value !== 'object' || value === null) return value
      // Tagged by its one letter, as `readStorage` writes it.
      // eslint-disable-next-line @typescript-eslint/no-explicit-any
      const tagged = value as any
      if ('ref' in tagged) return refs.get(tagged.ref)
      if ('v' in tagged)
        return tagged.v === 'null' ? null : tagged.v === 'undefined' ? undefined : tagged.v === '-0' ? -0 : Number(tagged.v)
      if ('bi' in tagged) return BigInt(tagged.bi)
      if ('d' in tagged) return new Date(tagged.d)
      if ('u' in tagged) return String(tagged.u)
      if ('r' in tagged) return new RegExp(tagged.r.p, tagged.r.f)
      if ('e' in tagged) return Object.assign(new Error(tagged.e.m), { name: tagged.e.n })
      if ('ta' in tagged) return new arrays[tagged.ta.k as keyof typeof arrays](bytes(tagged.ta.b).buffer)
      if ('ab' in tagged) return bytes(tagged.ab.b).buffer
      if ('a' in tagged) {
        const list: unknown[] = []
        refs.set(tagged.id, list)
        for (const each of tagged.a) list.push(walk(each))
        return list
      }
      if ('m' in tagged) {
        const map = new Map()
        refs.set(tagged.id, map)
        for (const { k, v } of tagged.m) map.set(walk(k), walk(v))
        return map
      }
      if ('s' in tagged) {
        const set = new Set()
        refs.set(tagged.id, set)
        for (const each of tagged.s) set.add(walk(each))
        return set
      }
      const object = {}
      refs.set(tagged.id, object)
      for (const { k, v } of tagged.o ?? [])
        Object.defineProperty(object, k, { value: walk(v), enumerable: true, writable: true, configurable: true })
      return object
    }
    return walk(given)
  }
  const deleted = (name: string): Promise<unknown> => {
    const request = indexedDB.deleteDatabase(name)
    // A page that has it open would keep this waiting for ever.
    request.onblocked = () => request.dispatchEvent(new Event('error'))
    return answered(request)
  }
  const writeDatabase = async ({ name, version, stores }: StateDatabase): Promise<void> => {
    await deleted(name)
    const opening = indexedDB.open(name, version)
    opening.onupgradeneeded = () => {
      for (const { name: storeName, autoIncrement, keyPath, keyPathArray, indexes } of stores) {
        const store = opening.result.createObjectStore(storeName, { autoIncrement, keyPath: keyPathArray ?? keyPath ?? null })
        for (const index of indexes)
          store.createIndex(index.name, index.keyPathArray ?? index.keyPath ?? '', { unique: index.unique, multiEntry: index.multiEntry })
      }
    }
    const opened = await answered(opening)
    try {
      if (stores.length === 0) return
      const transaction = opened.transaction(
        stores.map((store) => store.name),
        'readwrite',
      )
      const written = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve()
        transaction.onabort = () => reject(transaction.error ?? new Error('refused'))
      })
      for (const { name: storeName, records } of stores) {
        const store = transaction.objectStore(storeName)
        for (const record of records) {
          const value = 'valueEncoded' in record ? decode(record.valueEncoded) : record.value
          const key = 'keyEncoded' in record ? decode(record.keyEncoded) : record.key
          if (store.keyPath === null)
            store.add(value, key as IDBValidKey) // refused by the browser where it is none
          else store.add(value)
        }
      }
      await written
    } finally {
      opened.close()
    }
  }

  if (clear) {
    localStorage.clear()
    for (const { name } of await indexedDB.databases()) if (name !== undefined) await deleted(name)
  }
  for (const { name, value } of local) localStorage.setItem(name, value)
  for (const { name, value } of session) sessionStorage.setItem(name, value)
  const refused: string[] = []
  for (const database of databases) await writeDatabase(database).catch(() => refused.push(database.name))
  return refused
}
