/** What every page of a session gets before its site's scripts run: no popups, and input that works also at the back. */
import { randomBytes } from 'node:crypto'
import type { CDPSession, Page } from 'puppeteer-core'
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

/**
 * Popups: `window.open` does nothing and says so to `blocked`, unless they are permitted. Closing the window after it has opened is too
 * late: it takes the front for a moment, and Chromium then never acknowledges the click that opened it. What scripts open in other ways
 * without a click, Chromium's own blocker refuses.
 *
 * Resolves with the guard's way to the page.
 */
export async function guardPage(page: Page, hooks: PageGuardHooks): Promise<CDPSession> {
  const cdp = await page.createCDPSession()
  const channel = `_${randomBytes(8).toString('hex')}`
  const origins = new Map<number, string>()
  watchDialogs(cdp, hooks)
  cdp.on('Runtime.executionContextCreated', ({ context }) => {
    const { isDefault } = (context.auxData ?? {}) as { isDefault?: boolean } // Chromium's own facts, typed as any object
    if (isDefault !== true) return
    origins.set(context.id, context.origin)
    if (popupsArePermitted(page)) permit(context.id, true)
  })
  cdp.on('Runtime.executionContextDestroyed', ({ executionContextId }) => void origins.delete(executionContextId))
  cdp.on('Runtime.executionContextsCleared', () => origins.clear())
  cdp.on('Runtime.bindingCalled', ({ name, payload, executionContextId }) => {
    if (name !== channel) return
    const [, asked] = /^permission:([a-z]{1,20})$/.exec(payload) ?? []
    if (asked === undefined) hooks.blocked()
    else hooks.permission(asked, origins.get(executionContextId) ?? '')
  })
  cdp.on('Page.windowOpen', ({ userGesture }) => {
    if (!userGesture) hooks.blocked()
  })

  /** Documents come with windows shut: a click that opens one comes later than this. */
  const permit = (contextId: number, permitted: boolean): void => {
    const expression = `dispatchEvent(new Event(${JSON.stringify(channel + (permitted ? '+' : '-'))}))`
    cdp.send('Runtime.evaluate', { contextId, expression }).catch(() => undefined)
  }
  onPopupPermit(page, (permitted) => {
    for (const contextId of origins.keys()) permit(contextId, permitted)
  })
  await Promise.all([
    cdp.send('Page.enable'),
    cdp.send('Runtime.enable'),
    cdp.send('Runtime.addBinding', { name: channel }),
    cdp.send('Page.addScriptToEvaluateOnNewDocument', {
      source: `(${guardDocument.toString()})(${JSON.stringify(channel)})`,
      runImmediately: true,
    }),
    // A page at the back draws no frames, and Chromium acknowledges a click only with the next frame.
    page.emulateFocusedPage(true),
  ])
  return cdp
}

function watchDialogs(cdp: CDPSession, { dialog, dialogClosed }: PageGuardHooks): void {
  cdp.on('Page.javascriptDialogOpening', ({ type, message, defaultPrompt, url }) => {
    const asked = { kind: type, message, defaultText: defaultPrompt ?? '', host: URL.parse(url)?.host ?? '' }
    dialog(asked, ({ accept, text }) => {
      const answer = { accept, ...(text === undefined ? {} : { promptText: text }) }
      // Somebody else has answered it meanwhile, or the page has gone.
      cdp.send('Page.handleJavaScriptDialog', answer).catch(() => undefined)
    })
  })
  cdp.on('Page.javascriptDialogClosed', dialogClosed)
}
