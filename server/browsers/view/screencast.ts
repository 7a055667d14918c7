/**
 * The pictures of one page for one view. Each view has a screencast of its own: Chromium scales and encodes per size anyway, and so a
 * slow view never slows another.
 */
import type { CDPSession, Protocol } from 'puppeteer-core'
import { isBetweenDocuments } from '../page/page-state.ts'

export interface ScreencastSize {
  maxWidth: number
  maxHeight: number
  /** Draws every nth frame of sixty per second. */
  everyNth: number
}

export interface Frame {
  jpeg: Buffer
  /** Of the page, in CSS px. */
  width: number
  height: number
}

export interface FrameSink {
  /** False while the view has enough to draw; `Screencast.resume` is called when that changes. */
  hasRoom(): boolean
  draw(frame: Frame): void
}

export interface Screencast {
  /** The sink has room again. */
  resume(): void
  stop(): void
}

/** Chromium stops sending beyond this many frames without an acknowledgement. */
const mostUnacknowledged = 2
/** Ms without a frame after which a picture may be out of date. */
const quiet = 150
/** Ms between two pictures from which on it pays to stop Chromium in between: it copies every frame of a page, sent or not. */
const slowPace = 200

/**
 * The latest frame wins: one that could not be drawn in time is replaced. Acknowledgements are held back while the view has no room,
 * so that Chromium does not encode in vain. It drops what changes meanwhile and never makes up for it (nor does its own
 * `everyNthFrame`), so after a halt that nothing followed the picture is asked for anew; otherwise a page at rest stays out of date.
 *
 * At a slow pace a page that changes faster is let rest until its next picture is due, which then is a fresh one.
 */
export function startScreencast(cdp: CDPSession, size: ScreencastSize, sink: FrameSink): Screencast {
  const pace = size.everyNth === 1 ? 0 : (size.everyNth * 1_000) / 60
  let latest: Frame | null = null
  let unacknowledged: number[] = []
  let nextAt = 0
  let stopped = false
  let paceTimer: NodeJS.Timeout | undefined
  let quietTimer: NodeJS.Timeout | undefined

  cdp.on('Page.screencastFrame', onFrame)
  begin()
  return {
    resume: flush,
    stop() {
      stopped = true
      clearTimeout(paceTimer)
      clearTimeout(quietTimer)
      cdp.off('Page.screencastFrame', onFrame)
      quietly(cdp.send('Page.stopScreencast'))
    },
  }

  function begin(): void {
    unacknowledged = []
    const started = cdp.send('Page.startScreencast', {
      format: 'jpeg',
      quality: qualityFor(size.maxWidth),
      maxWidth: size.maxWidth,
      maxHeight: size.maxHeight,
    })
    started.catch((error: unknown) => {
      // Asked in the moment in which one document took another's place; nothing would ever be drawn.
      if (!stopped && isBetweenDocuments(error)) quietTimer = setTimeout(begin, quiet)
    })
  }

  function onFrame({ data, metadata, sessionId }: Protocol.Page.ScreencastFrameEvent): void {
    clearTimeout(quietTimer)
    unacknowledged.push(sessionId)
    latest = { jpeg: Buffer.from(data, 'base64'), width: Math.round(metadata.deviceWidth), height: Math.round(metadata.deviceHeight) }
    flush()
  }

  function flush(): void {
    if (stopped || latest === null || !sink.hasRoom()) return
    const early = nextAt - performance.now()
    if (early > 0) {
      clearTimeout(paceTimer)
      if (pace >= slowPace) return rest(early)
      paceTimer = setTimeout(flush, early)
      return
    }
    sink.draw(latest)
    latest = null
    nextAt = performance.now() + pace
    if (unacknowledged.length >= mostUnacknowledged) {
      clearTimeout(quietTimer)
      quietTimer = setTimeout(beginAnew, quiet)
    }
    for (const sessionId of unacknowledged) quietly(cdp.send('Page.screencastFrameAck', { sessionId }))
    unacknowledged = []
  }

  function rest(ms: number): void {
    latest = null
    unacknowledged = []
    clearTimeout(quietTimer)
    quietly(cdp.send('Page.stopScreencast'))
    paceTimer = setTimeout(begin, ms)
  }

  function beginAnew(): void {
    quietly(cdp.send('Page.stopScreencast'))
    begin()
  }
}

/** Never awaited: a stopped browser does not answer, and that a page has gone is seen elsewhere. */
function quietly(call: Promise<unknown>): void {
  call.catch(() => undefined)
}

/** A tile has no use for what a person reading needs. */
function qualityFor(width: number): number {
  if (width >= 800) return 80
  return width >= 480 ? 60 : 50
}
