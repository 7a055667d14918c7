/** What every page of a session gets before its site's scripts run: no popups, and input that works also at the back. */
import { randomBytes } from 'node:crypto'
import type { CDPSession, Page, Target } from 'puppeteer-core'
import type { AskedDialog, DialogAnswer } from './dialogs.ts'
import { guardDocument } from './page-guard-script.ts'
import { onPopupPermit, popupsArePermitted } from './popup-permits.ts'

export interface PageGuardHooks {
  /** A script's window was refused. */
  blocked(): void
  /** A script asks for a permission, e.g. `geolocation`. */
  permission(name: string, origin: string): void
  /** It asks something and stands still until `reply` is called. */
  dialog(asked: AskedDialog, reply: (answer: DialogAnswer) => void): void
  /** What it asked was answered, by whomever. */
  dialogClosed(): void
}

/** Before anybody hears of it, the page is empty: nothing is asked that could be granted. */
const nobody: PageGuardHooks = {
  blocked: () => undefined,
  permission: () => undefined,
  dialog: (_, reply) => reply({ accept: false }),
  dialogClosed: () => undefined,
}

const guards = new WeakMap<Target, PageGuard>()

/** Puts the guard of a page up before its session is there. Rejects when the page goes away meanwhile. */
export async function guardAhead(target: Target): Promise<void> {
  await guardOf(target).up
}

/** Resolves with the guard's way to the page, when it is up. */
export function guardPage(page: Page, hooks: PageGuardHooks): Promise<CDPSession> {
  const guard = guardOf(page.target(), page)
  guard.hear(hooks)
  return guard.up
}

function guardOf(target: Target, known: Page | null = null): PageGuard {
  const guard = guards.get(target) ?? new PageGuard(target, known)
  guards.set(target, guard)
  return guard
}

/**
 * Popups: `window.open` does nothing and says so to `blocked`, unless they are permitted. Closing the window after it has opened is too
 * late: it takes the front for a moment, and Chromium then never acknowledges the click that opened it. What scripts open in other ways
 * without a click, Chromium's own blocker refuses.
 */
class PageGuard {
  readonly up: Promise<CDPSession>
  readonly #channel = `_${randomBytes(8).toString('hex')}`
  readonly #origins = new Map<number, string>()
  #hooks = nobody
  /** What runs in documents to come; null when there is nothing yet, or the page has gone. */
  #script: Promise<string | null> = Promise.resolve(null)

  /** `known`: its page, where that is there already. */
  constructor(target: Target, known: Page | null) {
    // Beside puppeteer's own questions to the page, not after them.
    this.up = Promise.all([this.#putUp(target, known), this.#focus(target)]).then(([cdp]) => cdp)
  }

  hear(hooks: PageGuardHooks): void {
    this.#hooks = hooks
  }

  async #putUp(target: Target, known: Page | null): Promise<CDPSession> {
    const cdp = await target.createCDPSession()
    this.#listen(cdp)
    const permitted = known !== null && popupsArePermitted(known)
    await Promise.all([
      cdp.send('Page.enable'),
      cdp.send('Runtime.enable'),
      cdp.send('Runtime.addBinding', { name: this.#channel }),
      this.#permit(cdp, permitted),
    ])
    const page = await pageOf(target)
    // A page that has gone answers nothing more.
    const follow = (isSo: boolean): Promise<unknown> => this.#permit(cdp, isSo).catch(() => undefined)
    onPopupPermit(page, follow)
    if (popupsArePermitted(page) !== permitted) void follow(!permitted)
    return cdp
  }

  /** A page at the back draws no frames, and Chromium acknowledges a click only with the next frame. */
  async #focus(target: Target): Promise<void> {
    await (await pageOf(target)).emulateFocusedPage(true)
  }

  #listen(cdp: CDPSession): void {
    watchDialogs(cdp, () => this.#hooks)
    cdp.on('Runtime.executionContextCreated', ({ context }) => {
      const { isDefault } = (context.auxData ?? {}) as { isDefault?: boolean } // Chromium's own facts, typed as any object
      if (isDefault === true) this.#origins.set(context.id, context.origin)
    })
    cdp.on('Runtime.executionContextDestroyed', ({ executionContextId }) => void this.#origins.delete(executionContextId))
    cdp.on('Runtime.executionContextsCleared', () => this.#origins.clear())
    cdp.on('Runtime.bindingCalled', ({ name, payload, executionContextId }) => {
      if (name !== this.#channel) return
      const [, asked] = /^permission:([a-z]{1,20})$/.exec(payload) ?? []
      if (asked === undefined) this.#hooks.blocked()
      else this.#hooks.permission(asked, this.#origins.get(executionContextId) ?? '')
    })
    cdp.on('Page.windowOpen', ({ userGesture }) => {
      if (!userGesture) this.#hooks.blocked()
    })
  }

  /**
   * With the document and not after it: a click may come before anything that is sent to a document that has begun. In those that have
   * begun it counts from here on.
   */
  async #permit(cdp: CDPSession, permitted: boolean): Promise<void> {
    const source = `(${guardDocument.toString()})(${JSON.stringify(this.#channel)}, ${permitted})`
    const before = this.#script
    const added = cdp.send('Page.addScriptToEvaluateOnNewDocument', { source, runImmediately: true })
    this.#script = added.then(
      ({ identifier }) => identifier,
      () => null,
    )
    await added
    // Documents that come before this is done run both, and the later one counts.
    const identifier = await before
    if (identifier !== null) await cdp.send('Page.removeScriptToEvaluateOnNewDocument', { identifier })
  }
}

async function pageOf(target: Target): Promise<Page> {
  const page = await target.page()
  if (page === null) throw new Error('The page was closed before it was guarded')
  return page
}

function watchDialogs(cdp: CDPSession, hooks: () => PageGuardHooks): void {
  cdp.on('Page.javascriptDialogOpening', ({ type, message, defaultPrompt, url }) => {
    const asked = { kind: type, message, defaultText: defaultPrompt ?? '', host: URL.parse(url)?.host ?? '' }
    hooks().dialog(asked, ({ accept, text }) => {
      const answer = { accept, ...(text === undefined ? {} : { promptText: text }) }
      // Somebody else has answered it meanwhile, or the page has gone.
      cdp.send('Page.handleJavaScriptDialog', answer).catch(() => undefined)
    })
  })
  cdp.on('Page.javascriptDialogClosed', () => hooks().dialogClosed())
}
