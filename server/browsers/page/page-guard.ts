/** What every page of a session gets before its site's scripts run: no popups, and input that works also at the back. */
import { randomBytes } from 'node:crypto'
import type { Page } from 'puppeteer-core'
import type { AskedDialog, DialogAnswer } from './dialogs.ts'

export interface PageGuardHooks {
  /** A script's window was refused. */
  blocked(): void
  /** It asks something and stands still until `reply` is called. */
  dialog(asked: AskedDialog, reply: (answer: DialogAnswer) => void): void
  /** What it asked was answered, by whomever. */
  dialogClosed(): void
}

/**
 * Popups: `window.open` does nothing and says so to `blocked`. Closing the window after it has opened is too late: it takes the front for a
 * moment, and Chromium then never acknowledges the click that opened it. What scripts open in other ways without a click, Chromium's own
 * blocker refuses.
 */
export async function guardPage(page: Page, { blocked, dialog, dialogClosed }: PageGuardHooks): Promise<void> {
  const cdp = await page.createCDPSession()
  cdp.on('Page.javascriptDialogOpening', ({ type, message, defaultPrompt, url }) => {
    const asked = { kind: type, message, defaultText: defaultPrompt ?? '', host: URL.parse(url)?.host ?? '' }
    dialog(asked, ({ accept, text }) => {
      const answer = { accept, ...(text === undefined ? {} : { promptText: text }) }
      // Somebody else has answered it meanwhile, or the page has gone.
      cdp.send('Page.handleJavaScriptDialog', answer).catch(() => undefined)
    })
  })
  cdp.on('Page.javascriptDialogClosed', dialogClosed)
  const channel = `_${randomBytes(8).toString('hex')}`
  cdp.on('Runtime.bindingCalled', ({ name }) => {
    if (name === channel) blocked()
  })
  cdp.on('Page.windowOpen', ({ userGesture }) => {
    if (!userGesture) blocked()
  })
  await Promise.all([
    cdp.send('Page.enable'),
    cdp.send('Runtime.enable'),
    cdp.send('Runtime.addBinding', { name: channel }),
    cdp.send('Page.addScriptToEvaluateOnNewDocument', {
      source: `(${replaceOpen.toString()})(${JSON.stringify(channel)})`,
      runImmediately: true,
    }),
    // A page at the back draws no frames, and Chromium acknowledges a click only with the next frame.
    page.emulateFocusedPage(true),
  ])
}

/** Runs inside the page, so it must stand on its own. */
function replaceOpen(channel: string): void {
  // The channel is a function that Chromium puts there; it is taken away so that the site never sees it.
  const here = globalThis as unknown as Record<string, (payload: string) => void>
  const tell = here[channel]
  delete here[channel]
  const open = (): null => {
    tell?.('')
    return null
  }
  Object.defineProperty(globalThis, 'open', { value: open, writable: false, configurable: false })
}
