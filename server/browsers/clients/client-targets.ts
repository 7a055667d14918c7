/** Which targets one client sees: neither pages at the back nor Chromium's own surfaces, and nothing in contexts of others. */
import { isInternal } from '../page/targets.ts'
import type { TargetInfo } from './messages.ts'
import type { PageOpening } from './page-opening.ts'

export interface TargetsOptions {
  opening: PageOpening
  /** Another client has made this context. */
  isOthers(contextId: string): boolean
  /** The target that its connection stands for. */
  root: string
}

export class ClientTargets {
  readonly #options: TargetsOptions
  /** How the browser is named in its sessions: each attachment to it is a target of its own. */
  readonly #browsers: Set<string>
  /** Those that it was not told of. */
  readonly #hidden = new Set<string>()

  constructor(options: TargetsOptions) {
    this.#options = options
    this.#browsers = new Set([options.root])
  }

  hides(targetId: string): boolean {
    return this.#hidden.has(targetId) || this.#options.opening.isAtBack(targetId)
  }

  /** It has got a session to this one, which it asked for where it is the browser. */
  attached(info: TargetInfo): void {
    if (info.type === 'browser') this.#browsers.add(info.targetId)
  }

  /** Whether a target is the client's to see; one that is not stays hidden. */
  sees(info: TargetInfo): boolean {
    const { opening, isOthers } = this.#options
    opening.appeared(info)
    const { targetId, type, url, browserContextId } = info
    const isHidden =
      (type === 'browser' ? !this.#browsers.has(targetId) : isOfTheBrowser(type, url)) ||
      opening.isAtBack(targetId) ||
      (browserContextId !== undefined && isOthers(browserContextId))
    if (isHidden) this.#hidden.add(targetId)
    return !isHidden
  }

  /** It is not there any more. True when the client was told of it. */
  gone(targetId: string): boolean {
    return !this.#hidden.delete(targetId) && !this.#options.opening.isAtBack(targetId)
  }
}

/** Chromium's own surfaces, e.g. of its address bar. */
const isOfTheBrowser = (type: string, url: string): boolean => type === 'browser_ui' || isInternal(url)
