/** A view's hold on one page: its pictures, mouse and keyboard, and, while the person drives, the rest of their hands. */
import type { CDPSession } from 'puppeteer-core'
import type { ViewNotice } from '../contract/live-view-messages.ts'
import { openPageHands, type PageHands, type Point } from './page-hands.ts'
import { startScreencast, type FrameSink, type Screencast, type ScreencastSize } from './screencast.ts'
import { createViewInput, type ViewInput } from './view-input.ts'
import type { ViewablePage } from './viewable-session.ts'

export interface PageLink {
  pageId: string
  input: ViewInput
  /** Null while nobody drives it through this view. */
  readonly hands: PageHands | null
  /** Starts, changes or stops the pictures. */
  show(size: ScreencastSize | null): void
  drive(driven: boolean): void
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
}

export function openLink({ page, size: firstSize, sink, notify, problem, pressedAt }: PageLinkOptions): PageLink {
  const attaching = page.page.createCDPSession()
  // Attaching takes a moment; what is typed meanwhile waits for it in its order.
  const input = createViewInput({ send: (...call) => attaching.then((cdp) => cdp.send(...call)) }, problem)
  let size = firstSize
  let attached: CDPSession | null = null
  let cast: Screencast | null = null
  let hands: PageHands | null = null
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
      hands?.close()
      hands = driven ? openPageHands({ page: page.page, notify, problem, pressedAt }) : null
      if (!driven) input.release()
    },
    resume: () => cast?.resume(),
    close() {
      closed = true
      cast?.stop()
      input.release()
      hands?.close()
      attaching.then((cdp) => cdp.detach()).catch(() => undefined)
    },
  }

  function apply(): void {
    if (attached === null || closed) return
    cast?.stop()
    cast = size === null ? null : startScreencast(attached, size, sink)
  }
}
