/** What a live view needs of a session, and no more. */
import type { Page } from 'puppeteer-core'
import type { SessionDownloads } from '../files/session-downloads.ts'
import type { Uploads } from '../files/uploads.ts'
import type { Dialogs } from '../page/dialogs.ts'
import type { Permissions } from '../page/permissions.ts'
import type { Stopped } from '../page/stop-page.ts'

export interface ViewablePage {
  /** The page's target id; never reused. */
  id: string
  /** From the browser's events, never asked of the page: a hung page must not hold up a view. */
  url: string
  title: string
  page: Page
}

export interface ViewableSession {
  readonly id: string
  readonly pages: {
    /** Open pages in the order in which they were opened, without those that work in the background. */
    list(): readonly ViewablePage[]
    /** The page that stands in front; null while there is none, e.g. during the start. */
    active(): ViewablePage | null
    /** Brings a page to the front; an unknown id is ignored. */
    show(id: string): void
    /** Ends what its scripts do. Null for an id that is not open. */
    stopPage(id: string): Promise<Stopped | null>
    /** Called after a page was opened, closed, brought to the front, navigated or renamed. Returns what ends the subscription. */
    onChange(listener: () => void): () => void
  }
  readonly control: {
    /** The view that types now. */
    readonly holder: string | null
    /** Gives keyboard and mouse to this view, which is that caller's; false while another view holds them. */
    take(viewId: string, by: string): boolean
    /** Does nothing when the view does not hold them. */
    giveBack(viewId: string): void
    onChange(listener: () => void): () => void
  }
  readonly dialogs: Pick<Dialogs, 'list' | 'isOpenOn' | 'answer' | 'onChange'>
  readonly downloads: Pick<SessionDownloads, 'list' | 'onChange' | 'add'>
  readonly permissions: Pick<Permissions, 'list' | 'decide' | 'onChange'>
  readonly setup: { /** Gives a page the size that is set for the session. */ resize(page: Page): Promise<void> }
  readonly uploads: Pick<Uploads, 'find'>
  /** Called once, when the session has ended or begins to end, with the reason in plain words. */
  onEnd(listener: (reason: string) => void): () => void
  /** Somebody works with the session: its idle time starts anew. */
  touch(): void
}
