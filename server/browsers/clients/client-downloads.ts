/**
 * Files for a program that runs on this machine and looks for what it downloads in a folder of its own, as Playwright does. The browser
 * writes into the session's folder alone; what has arrived is copied from there before the program is told that it is whole.
 *
 * Copied is to the folder that Playwright has just made for it, of our own user and below the system's folder for what is temporary; to any
 * other only for a caller that may name files of this machine. Nothing that is there is written over.
 */
import { constants } from 'node:fs'
import { copyFile, lstat, mkdir, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, isAbsolute, join } from 'node:path'
import { plainName } from '../../http/file-names.ts'
import { fieldsOf, type Fields } from './messages.ts'

interface Wish {
  folder: string
  /** The name that the browser gives, or the site's. */
  named: 'by-browser' | 'by-site'
  /** The program wants to hear of it; otherwise we alone do. */
  told: boolean
}

interface Begun {
  wish: Wish | undefined
  name: string
  /** Under way or done: where several sessions of the program hear of the end, all are told when the copy is there. */
  copy: Promise<string | null> | null
}

export interface DownloadsOptions {
  mayNameFiles: boolean
  /** Where the session keeps its downloads, each under its id; null while it allows none. */
  kept(): string | null
  /** The context that a page is in, as far as it is one that the program has said something of. */
  contextOf(frameId: string): string | undefined
}

const mostBegun = 500
const mostNames = 1_000
const artifacts = /^playwright-artifacts-[0-9A-Za-z]{6}$/

export class ClientDownloads {
  readonly #options: DownloadsOptions
  /** By context; empty for the session's own. */
  readonly #wishes = new Map<string, Wish>()
  readonly #begun = new Map<string, Begun>()

  constructor(options: DownloadsOptions) {
    this.#options = options
  }

  /** What the program has said with `setDownloadBehavior`. True when files are to be copied, for which we have to hear of them. */
  wish({ behavior, downloadPath, browserContextId, eventsEnabled }: Fields): boolean {
    const context = typeof browserContextId === 'string' ? browserContextId : ''
    this.#wishes.delete(context)
    if (typeof downloadPath !== 'string' || !isAbsolute(downloadPath)) return false
    if (behavior !== 'allow' && behavior !== 'allowAndName') return false
    const named = behavior === 'allow' ? 'by-site' : 'by-browser'
    this.#wishes.set(context, { folder: downloadPath, named, told: eventsEnabled === true })
    return true
  }

  /** The browser has told that one begins. False when the program is not to be told. */
  begins({ guid, frameId, suggestedFilename }: Fields): boolean {
    const wish = this.#wishes.get(this.#options.contextOf(String(frameId)) ?? '') ?? this.#wishes.get('')
    const begun = this.#begun.get(String(guid)) ?? { wish, name: plainName(String(suggestedFilename)), copy: null }
    this.#begun.set(String(guid), begun)
    const [oldest] = this.#begun.keys()
    if (this.#begun.size > mostBegun && oldest !== undefined) this.#begun.delete(oldest)
    return begun.wish?.told !== false
  }

  /**
   * Resolves with what the program is told in place of this progress: where its own copy lies, and nothing of ours. Null when it is not to
   * be told.
   */
  async progress(params: Fields): Promise<Fields | null> {
    const { filePath: _, ...told } = params
    const guid = String(told['guid'])
    const begun = this.#begun.get(guid)
    const isTold = begun?.wish?.told !== false
    if (told['state'] !== 'completed' || begun === undefined) return isTold ? told : null
    // A folder that is not there, or not for us, gets nothing; the session has the file all the same.
    begun.copy ??= this.#copy(guid, begun).catch(() => null)
    const copy = await begun.copy
    if (!isTold) return null
    return copy === null ? told : { ...told, filePath: copy }
  }

  async #copy(guid: string, { wish, name }: Begun): Promise<string | null> {
    const kept = this.#options.kept()
    if (wish === undefined || kept === null || !/^[0-9a-f-]{36}$/i.test(guid)) return null
    const { folder, named } = wish
    if (!(await this.#mayWrite(folder))) return null
    for (let count = 0; count < mostNames; count += 1) {
      const to = join(folder, named === 'by-browser' ? guid : numbered(name, count))
      try {
        await copyFile(join(kept, guid), to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
        return to
      } catch (error) {
        if (named === 'by-browser' || fieldsOf(error)?.['code'] !== 'EEXIST') throw error
      }
    }
    return null
  }

  async #mayWrite(folder: string): Promise<boolean> {
    if (this.#options.mayNameFiles) await mkdir(folder, { recursive: true })
    else if (!artifacts.test(basename(folder)) || (await realpath(dirname(folder))) !== (await realpath(tmpdir()))) return false
    const facts = await lstat(folder)
    if (!facts.isDirectory()) return false
    // Where the system knows no owners (Windows) the folder for what is temporary is the user's own.
    return this.#options.mayNameFiles || process.getuid === undefined || (facts.uid === process.getuid() && (facts.mode & 0o022) === 0)
  }
}

/** `report (1).csv` for the second. */
function numbered(name: string, count: number): string {
  const end = extname(name)
  return count === 0 ? name : `${basename(name, end)} (${count})${end}`
}
