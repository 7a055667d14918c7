/** Dialogs of a page that nobody sees: one stops its page until somebody answers. */
import type { Page } from 'puppeteer-core'
import { dialogsAreClaimed } from './dialog-claims.ts'

/** Refuses them and tells what they said; a page that is being left may be left. */
export function dismissUnseenDialogs(page: Page, onSaid: (message: string) => void): void {
  page.on('dialog', (dialog) => {
    if (dialogsAreClaimed(page)) return
    const leaving = dialog.type() === 'beforeunload'
    if (!leaving) onSaid(dialog.message())
    const answer = leaving ? dialog.accept() : dialog.dismiss()
    answer.catch(() => {})
  })
}
