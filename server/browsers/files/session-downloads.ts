/**
 * What the pages of one session have downloaded. Chromium writes each file under a name of its own choosing into the session's folder; the
 * name that the site gave is only ever shown. The list lies beside the files, so that it outlives the session and the server.
 */
import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CDPSession, Protocol } from 'puppeteer-core'
import { z } from 'zod'
import { createSignal } from '../../async/signal.ts'
import { iso, type Clock } from '../../clock.ts'
import { addressToTell } from '../../http/userinfo.ts'
import { replaceFile } from '../../store/files.ts'
import { downloadView, type DownloadPolicy, type DownloadView } from '../contract/hands.ts'
import type { RecordSessionEvent } from '../events.ts'
import { BrowserFault } from '../fault.ts'
import { plainName } from '../../http/file-names.ts'

export interface DownloadLimits {
  /** Bytes of one file. */
  fileBytes: number
  /** Bytes of all files of a session. */
  sessionBytes: number
  /** Files of a session. */
  files: number
}

export const downloadLimits: DownloadLimits = { fileBytes: 1_073_741_824, sessionBytes: 2_147_483_648, files: 500 }

const list = z.object({
  /** Who may see them. */
  makers: z.array(z.string().nullable()),
  /** Ms since the epoch; null while the session lives. */
  endedAt: z.number().nullable(),
  downloads: z.array(downloadView),
})

export interface DownloadsOptions {
  folder: string
  clock: Clock
  limits?: DownloadLimits
}

const listName = 'downloads.json'
/** Ms without a byte more after which a download stands still. */
const stillAfter = 60_000
/** Ms after which it keeps nothing awake any more: some sites never come to an end. */
const longest = 60 * 60_000

export class SessionDownloads {
  readonly #folder: string
  readonly #clock: Clock
  readonly #limits: DownloadLimits
  readonly #downloads = new Map<string, DownloadView>()
  readonly #changed = createSignal()
  /** When those that arrive began and last grew, on the monotonic clock. */
  readonly #arriving = new Map<string, { begun: number; grown: number }>()
  #makers: () => readonly (string | null)[] = () => []
  #endedAt: number | null = null
  #policy: DownloadPolicy = 'allow'
  #record: RecordSessionEvent = () => undefined
  #cdp: CDPSession | null = null
  /** Contexts that programs have made, whose files come here too. */
  readonly #contexts = new Set<string>()
  #writing = false
  #unwritten = false

  constructor({ folder, clock, limits = downloadLimits }: DownloadsOptions) {
    this.#folder = folder
    this.#clock = clock
    this.#limits = limits
    this.#read()
  }

  get policy(): DownloadPolicy {
    return this.#policy
  }

  /** On the wall clock; null while the session lives. */
  get endedAt(): number | null {
    return this.#endedAt
  }

  get makers(): readonly (string | null)[] {
    return this.#makers()
  }

  get count(): number {
    return this.#downloads.size
  }

  /** One arrives and has grown lately: to whom it matters, the session is in use. */
  get moving(): boolean {
    const now = this.#clock.monotonic()
    return [...this.#arriving.values()].some(({ begun, grown }) => now - grown < stillAfter && now - begun < longest)
  }

  /** The latest first. */
  list(): DownloadView[] {
    return [...this.#downloads.values()].reverse()
  }

  /** Called when one has begun, grown, ended or gone. Returns what ends the subscription. */
  onChange(listener: () => void): () => void {
    return this.#changed.subscribe(listener)
  }

  /** A session has them, again or for the first time. */
  opened(makers: () => readonly (string | null)[], policy: DownloadPolicy, record: RecordSessionEvent): void {
    this.#makers = makers
    this.#policy = policy
    this.#record = record
    this.#endedAt = null
  }

  /** Lets a browser write here, or refuses what it would download. */
  async watch(cdp: CDPSession): Promise<void> {
    this.#cdp = cdp
    cdp.on('Browser.downloadWillBegin', (begun) => this.#begun(begun))
    cdp.on('Browser.downloadProgress', (progress) => this.#progressed(progress))
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    await this.#tellBrowser()
  }

  async setPolicy(policy: DownloadPolicy): Promise<void> {
    this.#policy = policy
    await Promise.all([undefined, ...this.#contexts].map((context) => this.#tellBrowser(context)))
  }

  /** Files of this browser context come here as well: one that a program has made. */
  async include(browserContextId: string): Promise<void> {
    this.#contexts.add(browserContextId)
    await this.#tellBrowser(browserContextId)
  }

  /** The file of a download that is whole. Throws `download-not-found`, `download-unfinished`. */
  file(id: string): { path: string; name: string; bytes: number } {
    const { state, name } = this.#get(id)
    if (state === 'arriving') throw new BrowserFault('download-unfinished', 'The file has not arrived yet')
    if (state !== 'done') throw new BrowserFault('download-not-found', 'The file did not arrive')
    const path = this.#path(id)
    const bytes = sizeOf(path)
    if (bytes === null) throw new BrowserFault('download-not-found', 'The file is not there any more')
    return { path, name, bytes }
  }

  /** Ends one that arrives; does nothing to one that has ended. Throws `download-not-found`. */
  async stop(id: string): Promise<void> {
    if (this.#get(id).state !== 'arriving') return
    this.#end(id, 'stopped', null)
    await this.#cancel(id)
  }

  /** Also its file. Throws `download-not-found`. */
  async remove(id: string): Promise<void> {
    await this.stop(id)
    this.#downloads.delete(id)
    await rm(this.#path(id), { force: true })
    this.#told()
  }

  /** Puts a file here that was not downloaded, e.g. a picture that the person saves. */
  async add(name: string, url: string, content: Uint8Array): Promise<DownloadView> {
    const id = randomUUID()
    this.#makeRoom()
    if (content.byteLength > this.#limits.fileBytes) throw new BrowserFault('file-too-large', 'The file is too large to be kept')
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    await writeFile(this.#path(id), content, { mode: 0o600 })
    const now = iso(this.#clock.now())
    const added: DownloadView = {
      ...{ id, name: plainName(name), url: addressToTell(url), state: 'done', reason: null },
      ...{ receivedBytes: content.byteLength, totalBytes: content.byteLength, startedAt: now, endedAt: now },
    }
    this.#downloads.set(id, added)
    this.#told()
    return added
  }

  /** The session has ended: what still arrived is lost, what has arrived stays for a while. */
  ended(): void {
    const makers = [...this.#makers()]
    this.#makers = () => makers
    this.#cdp = null
    this.#endedAt = this.#clock.now()
    for (const { id, state } of this.#downloads.values()) if (state === 'arriving') this.#end(id, 'failed', 'The session ended')
    this.#record = () => undefined
    this.#writeLast()
  }

  /** No browser writes here any more: removes what did not arrive whole. Does nothing once the session is there again. */
  async tidy(): Promise<void> {
    if (this.#endedAt === null) return
    const wanted = new Set([listName, ...[...this.#downloads.values()].flatMap(({ id, state }) => (state === 'done' ? [id] : []))])
    for (const name of await readdir(this.#folder).catch(() => []))
      if (this.#endedAt !== null && !wanted.has(name))
        await rm(join(this.#folder, name), { recursive: true, force: true }).catch(() => undefined)
  }

  /** Removes all of it. */
  async discard(): Promise<void> {
    this.#downloads.clear()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  #begun({ guid, url, suggestedFilename }: Protocol.Browser.DownloadWillBeginEvent): void {
    const name = plainName(suggestedFilename)
    if (this.#policy === 'deny' || !isId(guid)) return this.#record('download-blocked', { file: name })
    this.#makeRoom()
    this.#downloads.set(guid, {
      ...{ id: guid, name, url: addressToTell(url), state: 'arriving', reason: null },
      ...{ receivedBytes: 0, totalBytes: null, startedAt: iso(this.#clock.now()), endedAt: null },
    })
    const now = this.#clock.monotonic()
    this.#arriving.set(guid, { begun: now, grown: now })
    this.#record('download-begun', { file: name })
    this.#told()
  }

  #progressed({ guid, receivedBytes, totalBytes, state }: Protocol.Browser.DownloadProgressEvent): void {
    const known = this.#downloads.get(guid)
    if (known?.state !== 'arriving') return
    const arriving = this.#arriving.get(guid)
    if (arriving !== undefined && receivedBytes > known.receivedBytes) arriving.grown = this.#clock.monotonic()
    known.receivedBytes = receivedBytes
    known.totalBytes = totalBytes > 0 ? totalBytes : null
    const most = Math.min(this.#limits.fileBytes, this.#limits.sessionBytes - this.#bytesBeside(guid))
    if (Math.max(receivedBytes, totalBytes) > most) {
      this.#end(guid, 'refused', 'It is larger than a session may keep')
      void this.#cancel(guid)
    } else if (state === 'completed') {
      this.#end(guid, 'done', null)
      this.#restrict(guid)
    } else if (state === 'canceled') this.#end(guid, 'failed', 'The site or the network broke it off')
    else this.#changed.emit()
  }

  #end(id: string, state: Exclude<DownloadView['state'], 'arriving'>, reason: string | null): void {
    const known = this.#downloads.get(id)
    this.#arriving.delete(id)
    if (known === undefined) return
    Object.assign(known, { state, reason, endedAt: iso(this.#clock.now()) })
    if (state === 'refused') this.#record('download-blocked', { file: known.name })
    else this.#record('download-ended', { file: known.name, how: state, bytes: known.receivedBytes })
    this.#told()
  }

  /** Whatever the umask of whoever started the browser. */
  #restrict(id: string): void {
    try {
      chmodSync(this.#path(id), 0o600)
    } catch {
      // It was removed in this moment, or the file system knows no modes.
    }
  }

  async #cancel(id: string): Promise<void> {
    const cancel = async (browserContextId?: string) =>
      this.#cdp?.send('Browser.cancelDownload', { guid: id, ...(browserContextId === undefined ? {} : { browserContextId }) })
    // One of them has it, the others know nothing of it; a browser that has gone has stopped by itself.
    await Promise.allSettled([undefined, ...this.#contexts].map(cancel))
    await rm(this.#path(id), { force: true }).catch(() => undefined)
  }

  async #tellBrowser(browserContextId?: string): Promise<void> {
    await this.#cdp?.send('Browser.setDownloadBehavior', {
      behavior: this.#policy === 'allow' ? 'allowAndName' : 'deny',
      ...(this.#policy === 'allow' ? { downloadPath: this.#folder } : {}),
      ...(browserContextId === undefined ? {} : { browserContextId }),
      eventsEnabled: true,
    })
  }

  #bytesBeside(id: string): number {
    return [...this.#downloads.values()].reduce(
      (sum, each) => sum + (each.id === id || each.state === 'refused' ? 0 : each.receivedBytes),
      0,
    )
  }

  /** The oldest gives way to a new one. */
  #makeRoom(): void {
    if (this.#downloads.size < this.#limits.files) return
    const oldest = [...this.#downloads.values()].find(({ state }) => state !== 'arriving') ?? [...this.#downloads.values()][0]
    // What cannot be removed is off the list all the same, and goes with the session's folder.
    if (oldest !== undefined) this.remove(oldest.id).catch(() => undefined)
  }

  #get(id: string): DownloadView {
    const known = this.#downloads.get(id)
    if (known === undefined) throw new BrowserFault('download-not-found', 'No such download')
    return known
  }

  #path(id: string): string {
    if (!isId(id)) throw new BrowserFault('download-not-found', 'No such download')
    return join(this.#folder, id)
  }

  #told(): void {
    this.#changed.emit()
    this.#writeSoon()
  }

  #writeSoon(): void {
    this.#unwritten = true
    if (this.#writing) return
    this.#writing = true
    void this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    const unfinished = join(this.#folder, `${listName}.tmp`)
    while (this.#unwritten && this.#endedAt === null) {
      this.#unwritten = false
      try {
        await writeFile(unfinished, this.#text(), { mode: 0o600 })
        await rename(unfinished, join(this.#folder, listName))
      } catch {
        // Without room on the disk the list is told from memory for as long as the session lives.
        break
      }
    }
    this.#writing = false
    // It may have been under way when the session ended, and has just taken the place of what was written then.
    if (this.#endedAt !== null) this.#writeLast()
  }

  /** For a session that has ended. */
  #writeLast(): void {
    try {
      if (this.#downloads.size > 0) replaceFile(join(this.#folder, listName), this.#text())
      // What is under way still writes into the folder, and comes here when it is done.
      else if (!this.#writing) rmSync(this.#folder, { recursive: true, force: true })
    } catch {
      // As above; what has no list is removed at the next start.
    }
  }

  #text(): string {
    return JSON.stringify({ makers: this.#makers(), endedAt: this.#endedAt, downloads: [...this.#downloads.values()] })
  }

  #read(): void {
    try {
      const kept = list.parse(JSON.parse(readFileSync(join(this.#folder, listName), 'utf8')))
      this.#makers = () => kept.makers
      this.#endedAt = kept.endedAt
      for (const each of kept.downloads) {
        const lost = each.state === 'arriving'
        this.#downloads.set(each.id, lost ? { ...each, state: 'failed', reason: 'The server stopped' } : each)
      }
    } catch {
      // None yet.
    }
  }
}

/** The browser's names are UUIDs; nothing else becomes a part of a path. */
const isId = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)

function sizeOf(path: string): number | null {
  try {
    return statSync(path).size
  } catch {
    return null
  }
}
