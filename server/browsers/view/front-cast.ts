/** The pictures of whichever page of a session stands in front, for who only watches. */
import type { CDPSession } from 'puppeteer-core'
import { startScreencast, type FrameSink, type Screencast, type ScreencastSize } from './screencast.ts'
import type { ViewablePage, ViewableSession } from './viewable-session.ts'

export interface FrontCast {
  /** Starts, changes or, by null, stops the pictures. */
  show(size: ScreencastSize | null): void
  /** The sink has room again. */
  resume(): void
  close(): void
}

/** Nothing here is awaited by anybody: a hung browser can be closed while it is watched. The session's end is the caller's to hear. */
export function castFront(session: Pick<ViewableSession, 'pages'>, sink: FrameSink): FrontCast {
  let size: ScreencastSize | null = null
  let link: PageCast | null = null
  const end = session.pages.onChange(follow)

  function follow(): void {
    const page = size === null ? null : session.pages.active()
    if (link !== null && link.pageId !== page?.id) {
      link.close()
      link = null
    }
    if (link === null && page !== null && size !== null) link = castPage(page, size, sink)
  }

  return {
    show(next) {
      if (JSON.stringify(next) === JSON.stringify(size)) return
      size = next
      if (link !== null && size !== null) link.show(size)
      follow()
    },
    resume: () => link?.resume(),
    close() {
      end()
      link?.close()
      link = null
    },
  }
}

interface PageCast {
  pageId: string
  show(size: ScreencastSize): void
  resume(): void
  close(): void
}

function castPage(page: ViewablePage, firstSize: ScreencastSize, sink: FrameSink): PageCast {
  let size = firstSize
  let attached: CDPSession | null = null
  let cast: Screencast | null = null
  let closed = false
  page.page.createCDPSession().then(
    (cdp) => {
      if (closed) return detach(cdp)
      attached = cdp
      cast = startScreencast(cdp, size, sink)
    },
    // The page closed before it was attached; that it has gone comes as an event of the session.
    () => undefined,
  )
  return {
    pageId: page.id,
    show(next) {
      size = next
      if (attached === null) return
      cast?.stop()
      cast = startScreencast(attached, size, sink)
    },
    resume: () => cast?.resume(),
    close() {
      closed = true
      cast?.stop()
      if (attached !== null) detach(attached)
    },
  }
}

function detach(cdp: CDPSession): void {
  cdp.detach().catch(() => undefined)
}
