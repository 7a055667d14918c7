/** Starts one Chromium and gives it out when it answers over its pipe. */
import type { Browser } from 'puppeteer-core'
import { inTime, isDoneWithin } from '../../async/deadline.ts'
import type { Fault } from '../../fault.ts'
import { CdpHub } from '../clients/hub.ts'
import { BrowserFault } from '../fault.ts'
import { BrowserProcess, type ProcessEnd } from './browser-process.ts'
import type { EgressProxy } from './egress-proxy.ts'
import { chromiumFlags } from './flags.ts'
import { browserEnvironment, hasSmallSharedMemory, sandboxed } from './machine.ts'
import { createPipeTransport } from './pipe.ts'
import type { ProcessEvent, ProcessState } from './process-lifecycle.ts'
import { prepareProfile } from './profile-directory.ts'

export interface LaunchOptions {
  executable: string
  /** Made by the launch; removed by `removeProfile`. */
  profileDir: string
  headless: boolean
  /** Folders of unpacked extensions. */
  extensions?: readonly string[]
  /** More of the command line. */
  args?: readonly string[]
  /** Its way to every network, which may still be opening; left out for one that is sent nowhere. */
  proxy?: EgressProxy | Promise<EgressProxy>
  /** Ends the launch. */
  signal?: AbortSignal
  /** Called as soon as there is a process, before it answers. */
  onSpawned?(pid: number): void
  /** A defect; left out where nobody could be told. */
  onIllegalTransition?(state: ProcessState, event: ProcessEvent): void
}

export interface RunningBrowser {
  readonly pid: number
  /** E.g. `Chrome/156.0.8078.79`. */
  readonly version: string
  readonly headless: boolean
  readonly puppeteer: Browser
  /** Through which further programs drive it. */
  readonly hub: CdpHub
  /** Settles with words when the browser has gone, for whatever reason. */
  readonly gone: Promise<string>
  /** How it ended; null while it runs. */
  readonly exit: ProcessEnd | null
  /** It has not answered when it was last asked. */
  readonly silent: boolean
  /** Asked, it has not answered in time. */
  fellSilent(): void
  answered(): void
  /**
   * Asks it to close and kills it after `grace` ms; what is silent is killed at once. Resolves when the process is gone, false when it
   * would not go.
   */
  close(grace: number): Promise<boolean>
}

/** Of a page without a window, in CSS px. */
export const usualSize = { width: 1_280, height: 800 }
/** Ms within which a browser has to answer; a first start on a busy machine is slow. */
const startTimeout = 30_000
/** Ms within which the end of the process follows, which says more, where its pipe broke: where it lingers it is killed before. */
const endDue = 2_000

export async function launchBrowser(options: LaunchOptions): Promise<RunningBrowser> {
  const {
    executable,
    profileDir,
    headless,
    extensions = [],
    args = [],
    proxy: opening,
    signal,
    onSpawned,
    onIllegalTransition = () => undefined,
  } = options
  signal?.throwIfAborted()
  // 110 ms, so only when the first browser is wanted, and while the profile is prepared.
  const [{ connect }, temporary, smallSharedMemory, proxy] = await Promise.all([
    import('puppeteer-core'),
    prepareProfile(profileDir),
    hasSmallSharedMemory(),
    opening,
  ])
  signal?.throwIfAborted()
  const flags = chromiumFlags({
    profileDir,
    headless,
    sandbox: sandboxed(),
    smallSharedMemory,
    proxyPort: proxy?.port ?? null,
    extensions: extensions.length > 0,
    args,
  })
  const child = new BrowserProcess({ executable, flags, environment: browserEnvironment(temporary), onIllegalTransition })
  const { pid, gone } = child
  if (pid === undefined) throw new BrowserFault('start-failed', `Chromium could not be started: ${await gone}`)
  onSpawned?.(pid)
  const kill = (): void => child.kill()
  signal?.addEventListener('abort', kill, { once: true })
  const hub = new CdpHub(createPipeTransport(child.toBrowser, child.fromBrowser, () => child.pipeBroke()))
  const answers = async (): Promise<Pick<RunningBrowser, 'puppeteer' | 'version'>> => {
    const viewport = headless ? usualSize : null
    // Chromium opens its cookies when they are first asked for, and the first page would wait for that.
    hub.ask('Storage.getCookies').catch(() => undefined)
    const [puppeteer, { product }] = await Promise.all([
      connect({ transport: hub.own, defaultViewport: viewport, protocolTimeout: 60_000 }),
      hub.ask('Browser.getVersion'),
    ])
    proxy?.serve(puppeteer)
    hub.serve(puppeteer)
    for (const folder of extensions) await puppeteer.installExtension(folder)
    return { puppeteer, version: String(product) }
  }
  const died = gone.then((words): never => {
    throw endedEarly(words)
  })
  try {
    const { puppeteer, version } = await inTime(startTimeout, Promise.race([answers(), died]), late)
    child.answered()
    const close = (grace: number): Promise<boolean> =>
      // Not awaited: a stopped or hung browser never answers.
      child.end(grace, () => void puppeteer.close().catch(() => undefined))
    return {
      pid,
      version,
      headless,
      puppeteer,
      hub,
      gone,
      get exit() {
        return child.exit
      },
      get silent() {
        return child.silent
      },
      fellSilent: () => child.fellSilent(),
      answered: () => child.answered(),
      close,
    }
  } catch (error) {
    if (signal?.aborted !== true && child.isGoing) await isDoneWithin(endDue, gone)
    child.kill()
    const words = await gone
    if (signal?.aborted) throw signal.reason
    throw child.endedByItself ? endedEarly(words) : error
  } finally {
    signal?.removeEventListener('abort', kill)
  }
}

const late = (): Fault => new BrowserFault('start-failed', `Chromium did not answer within ${startTimeout / 1_000} seconds`)

const endedEarly = (words: string): Fault => new BrowserFault('start-failed', `Chromium ended while starting: ${words}`)
