/** Files that a person hands to the pages of one session: bounded, and gone with the session. */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { BrowserFault } from '../fault.ts'
import { plainName } from '../../http/file-names.ts'

export interface UploadLimits {
  fileBytes: number
  /** Of all files of a session. */
  sessionBytes: number
  files: number
}

export const uploadLimits: UploadLimits = { fileBytes: 536_870_912, sessionBytes: 1_073_741_824, files: 200 }

export interface Upload {
  id: string
  name: string
  bytes: number
  path: string
}

export class Uploads {
  readonly #folder: string
  readonly #limits: UploadLimits
  readonly #uploads = new Map<string, Upload>()
  /** Of those that arrive now, too. */
  #bytes = 0
  #closed = false

  constructor(folder: string, limits: UploadLimits = uploadLimits) {
    this.#folder = folder
    this.#limits = limits
  }

  /** The page that is handed it sees this name. Throws `file-too-large`, `session-ended`. */
  async take(name: string, content: Readable): Promise<Upload> {
    if (this.#closed) throw new BrowserFault('session-ended', 'The session has ended')
    const id = randomUUID()
    if (this.#uploads.size >= this.#limits.files) await this.#forgetOldest()
    const folder = join(this.#folder, id)
    const path = join(folder, plainName(name))
    await mkdir(folder, { recursive: true, mode: 0o700 })
    let bytes = 0
    const bounded = new Transform({
      transform: (chunk: Buffer, _, done) => {
        bytes += chunk.length
        this.#bytes += chunk.length
        const fits = bytes <= this.#limits.fileBytes && this.#bytes <= this.#limits.sessionBytes
        done(fits ? null : new BrowserFault('file-too-large', 'The file is too large to be handed to a page'), chunk)
      },
    })
    try {
      await pipeline(content, bounded, createWriteStream(path, { mode: 0o600, flags: 'wx' }))
    } catch (error) {
      this.#bytes -= bytes
      await rm(folder, { recursive: true, force: true })
      throw error
    }
    const upload = { id, name: plainName(name), bytes, path }
    this.#uploads.set(id, upload)
    return upload
  }

  find(id: string): Upload | undefined {
    return this.#uploads.get(id)
  }

  async discard(): Promise<void> {
    this.#closed = true
    this.#uploads.clear()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  async #forgetOldest(): Promise<void> {
    const [oldest] = this.#uploads.values()
    if (oldest === undefined) return
    this.#uploads.delete(oldest.id)
    this.#bytes -= oldest.bytes
    await rm(join(this.#folder, oldest.id), { recursive: true, force: true })
  }
}
