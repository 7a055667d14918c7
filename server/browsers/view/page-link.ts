/** A view's hold on one page: its pictures, mouse and keyboard, and, while the person drives, the rest of their hands. */
import type { CDPSession, Page } from 'puppeteer-core'
import type { ViewNotice } from '../contract/live-view-messages.ts'
import { permitPopups, popupPermitsSettled } from '../page/popup-permits.ts'
import { fitPage, type Fit, type FitSize } from './fit.ts'
import { openPageHands, type PageHands, type Point } from './page-hands.ts'
import { startScreencast, type Frame, type FrameSink, type Screencast, type ScreencastSize } from './screencast.ts'
import { createViewInput, type ViewInput, type ViewTarget } from './view-input.ts'
import type { ViewablePage } from './viewable-session.ts'

export interface PageLink {
  pageId: string
  input: ViewInput
  /** Null while nobody drives it through this view. */
  readonly hands: PageHands | null
  /** Starts, changes or stops the pictures. */
  show(size: ScreencastSize | null): void
  drive(driven: boolean): void
  /** Lays the page out for another size while it is driven; null: as it is set for the session. */
  fit(size: FitSize | null): void
  /** How many px of the pictures and of the mouse one CSS px of the page is. */
  drawn(): number
  resume(): void
  close(): void
}

export interface PageLinkOptions {
  page: ViewablePage
  size: ScreencastSize | null
  sink: FrameSink
  notify(notice: ViewNotice): void
  problem(message: string): void
  pressedAt(): Point | null
  /** Gives the page the size that is set for the session. */
  resize(page: Page): Promise<void>
}

export function openLink({ page, size: firstSize, sink, notify, problem, pressedAt, resize }: PageLinkOptions): PageLink {
  const attaching = page.page.createCDPSession()
  let hands: PageHands | null = null
  // Attaching takes a moment; what is typed meanwhile waits for it in its order.
  const send: ViewTarget['send'] = (...call) => attaching.then((cdp) => cdp.send(...call))
  const input = createViewInput({ send, textTarget: () => hands?.keyboard ?? null, drawn: () => fit?.drawn ?? 1 }, problem)
  let size = firstSize
  let attached: CDPSession | null = null
  let cast: Screencast | null = null
  let wanted: FitSize | null = null
  let fitted: FitSize | null = null
  let fit: Fit | null = null
  let fitting = Promise.resolve()
  let forbid = (): void => undefined
  let closed = false

  attaching.then(
    (cdp) => {
      attached = cdp
      apply()
    },
    // The page closed before it was attached; that it has gone comes as an event of the session.
    () => undefined,
  )
  return {
    pageId: page.id,
    input,
    get hands() {
      return hands
    },
    show(next) {
      size = next
      apply()
    },
    drive(driven) {
      if (driven === (hands !== null)) return
      if (!driven) return letGo()
      hands = openPageHands({ page: page.page, notify, problem, pressedAt })
      forbid = permitPopups(page.page)
      // On their way to the page they are overtaken by a click.
      input.after(Promise.all([hands.laid, popupPermitsSettled(page.page)]))
    },
    fit(to) {
      if (hands === null) return
      refit(to)
    },
    drawn: () => fit?.drawn ?? 1,
    resume: () => cast?.resume(),
    close() {
      closed = true
      cast?.stop()
      letGo()
      fitting
        .then(() => attaching)
        .then((cdp) => cdp.detach())
        .catch(() => undefined)
    },
  }

  function letGo(): void {
    input.release()
    hands?.close()
    hands = null
    forbid()
    refit(null)
  }

  /** One after another; of those that come meanwhile the last counts. */
  function refit(to: FitSize | null): void {
    wanted = to
    // A page that hangs, or has gone, has no size.
    fitting = fitting.then(settleFit).catch(() => undefined)
  }

  async function settleFit(): Promise<void> {
    const to = wanted
    if (to === fitted) return
    const cdp = await attaching
    await fit?.end()
    fit = null
    fitted = to
    if (to !== null) fit = await fitPage(cdp, page.page, to, () => resize(page.page))
  }

  /** The page's own size, also while a picture of before is still on its way. */
  function unscaled(frame: Frame): Frame {
    const { drawn } = fit ?? { drawn: 1 }
    if (fitted === null || Math.abs(frame.width - fitted.width * drawn) > 2) return frame
    return { ...frame, width: fitted.width, height: Math.min(fitted.height, Math.round(frame.height / drawn)) }
  }

  function apply(): void {
    if (attached === null || closed) return
    cast?.stop()
    cast = size === null ? null : startScreencast(attached, size, { ...sink, draw: (frame) => sink.draw(unscaled(frame)) })
  }
}
