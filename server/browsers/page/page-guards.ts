/** The guards of one browser's pages: one for each page, also when two ways lead to it. */
import type { Browser, CDPSession, Page } from 'puppeteer-core'
import { hubOf } from '../clients/hub.ts'
import type { RecordSessionEvent } from '../events.ts'
import { dialogsAreClaimed } from './dialog-claims.ts'
import type { Dialogs } from './dialogs.ts'
import { guardPage } from './page-guard.ts'
import type { Permissions } from './permissions.ts'
import { permitPopups, permitPopupsWhile } from './popup-permits.ts'

export interface PageGuardHooks {
  record: RecordSessionEvent
  dialogs: Pick<Dialogs, 'opened' | 'closed'>
  permissions: Pick<Permissions, 'asked'>
  /** The site may open windows of its own at any time. */
  popups: boolean
  /** What the session has chosen for its pages. */
  prepare(page: Page): Promise<void>
  /** One that puppeteer has attached to, before it goes anywhere. */
  opened(page: { id: string; page: Page; atBack: boolean }): void
}

export class PageGuards {
  readonly #browser: Browser
  readonly #hooks: PageGuardHooks
  readonly #isAtBack: (id: string) => boolean
  readonly #guards = new Map<string, Promise<CDPSession>>()

  constructor(browser: Browser, hooks: PageGuardHooks, isAtBack: (id: string) => boolean) {
    this.#browser = browser
    this.#hooks = hooks
    this.#isAtBack = isAtBack
  }

  /** Resolves when the page is guarded, before which nothing may be opened in it. */
  guarded(id: string, page: Page): Promise<CDPSession> {
    const guard = this.#guards.get(id) ?? this.#guard(id, page)
    this.#guards.set(id, guard)
    return guard
  }

  /** The page is no more. */
  gone(id: string): void {
    this.#guards.delete(id)
    this.#hooks.dialogs.closed(id)
  }

  async #guard(id: string, page: Page): Promise<CDPSession> {
    const { record, dialogs, permissions, opened, prepare, popups } = this.#hooks
    if (popups) permitPopups(page)
    const { attachments } = hubOf(this.#browser) ?? {}
    // A program that hears of the page knows what to do with its windows.
    if (attachments !== undefined)
      page.once(
        'close',
        permitPopupsWhile(
          page,
          () => attachments.isWatched(id),
          (listener) => attachments.onWatched(listener),
        ),
      )
    opened({ id, page, atBack: this.#isAtBack(id) })
    const cdp = await guardPage(page, {
      blocked: () => record('popup-blocked', { how: 'refused' }),
      dialog: (asked, reply) => {
        if (dialogsAreClaimed(page)) return
        // Nobody sees a page at the back.
        if (this.#isAtBack(id)) reply({ accept: asked.kind === 'beforeunload' })
        else dialogs.opened(id, asked, reply)
      },
      dialogClosed: () => dialogs.closed(id),
      permission: (name, origin) => permissions.asked(name, origin),
    })
    await prepare(page)
    return cdp
  }
}
