/** Downloads Chrome for Testing into the data directory, with progress and a way to stop. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Fault } from '../../fault.ts'
import { BrowserFault } from '../fault.ts'

/** Where it comes from; the public store and the version that this puppeteer-core is made for when left out. */
export interface InstallSource {
  baseUrl?: string
  buildId?: string
}

export interface InstallOptions {
  folder: string
  signal: AbortSignal
  source: InstallSource
  progress(receivedBytes: number, totalBytes: number | null): void
}

/** Throws `install-failed`, or the signal's reason. */
export async function installChrome({ folder, signal, source, progress }: InstallOptions): Promise<void> {
  const [{ Browser, detectBrowserPlatform, getDownloadUrl, install, uninstall }, { PUPPETEER_REVISIONS }] = await Promise.all([
    import('@puppeteer/browsers'),
    import('puppeteer-core/internal/revisions.js'),
  ])
  const platform = detectBrowserPlatform()
  if (platform === undefined) throw new BrowserFault('install-failed', 'There is no Chrome for Testing for this machine')
  const buildId = source.buildId ?? PUPPETEER_REVISIONS.chrome
  const wanted = {
    browser: Browser.CHROME,
    buildId,
    platform,
    cacheDir: folder,
    ...(source.baseUrl === undefined ? {} : { baseUrl: source.baseUrl }),
  }
  const url = getDownloadUrl(Browser.CHROME, platform, buildId, source.baseUrl)
  // The library downloads without a way to stop, but it unpacks an archive that already stands under this name.
  const archive = join(folder, Browser.CHROME, `${buildId}-${basename(url.pathname)}`)
  await mkdir(join(folder, Browser.CHROME), { recursive: true, mode: 0o700 })
  await download(url, archive, signal, progress)
  signal.throwIfAborted()
  try {
    // What an install that was killed half way left would be taken for a whole one.
    await uninstall(wanted)
    await install(wanted)
  } catch (error) {
    throw new BrowserFault(
      'install-failed',
      `The download could not be unpacked: ${error instanceof Error ? error.message : String(error)}`,
      {},
      { cause: error },
    )
  } finally {
    await rm(archive, { force: true })
  }
}

async function download(url: URL, archive: string, signal: AbortSignal, progress: InstallOptions['progress']): Promise<void> {
  const unfinished = `${archive}.part`
  try {
    const response = await fetch(url, { signal })
    if (!response.ok || response.body === null)
      throw new BrowserFault('install-failed', `${url.host} answers with status ${response.status}`)
    const total = Number(response.headers.get('content-length')) || null
    const hash = createHash('md5')
    let received = 0
    let reportedAt = 0
    const counter = new Transform({
      transform(chunk: Buffer, _, done) {
        received += chunk.length
        hash.update(chunk)
        // Four times a second is as often as anybody looks.
        if (performance.now() - reportedAt > 250) {
          reportedAt = performance.now()
          progress(received, total)
        }
        done(null, chunk)
      },
    })
    // The web stream of fetch and the one Node's types name are the same object at run time.
    await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), counter, createWriteStream(unfinished), {
      signal,
    })
    progress(received, total)
    if (total !== null && received !== total)
      throw new BrowserFault('install-failed', `The download broke off after ${received} of ${total} bytes`)
    // The public store sends the sum of what it stores; anything that changed the bytes on the way is found here.
    const sum = /md5=([^,]+)/.exec(response.headers.get('x-goog-hash') ?? '')?.[1]
    if (sum !== undefined && sum !== hash.digest('base64')) throw new BrowserFault('install-failed', 'The download was damaged on the way')
    await rename(unfinished, archive)
  } catch (error) {
    await rm(unfinished, { force: true })
    signal.throwIfAborted()
    if (error instanceof Fault) throw error
    throw new BrowserFault(
      'install-failed',
      `${url.host} cannot be reached: ${error instanceof Error ? error.message : String(error)}`,
      {},
      { cause: error },
    )
  }
}
