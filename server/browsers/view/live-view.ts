/** One person's live view of one session, over one WebSocket: pictures out, mouse and keyboard in. Messages: `live-view-messages.ts`. */
import { randomUUID } from 'node:crypto'
import type { CDPSession } from 'puppeteer-core'
import type { RawData, WebSocket } from 'ws'
import { systemClock, type Clock } from '../../clock.ts'
import { contained, type Scope } from '../../isolation.ts'
import { viewCommand, type ViewCommand, type ViewNotice } from '../contract/live-view-messages.ts'
import { startScreencast, type Frame, type FrameSink, type Screencast, type ScreencastSize } from './screencast.ts'
import { createViewInput, type ViewInput } from './view-input.ts'
import type { ViewablePage, ViewableSession } from './viewable-session.ts'

const mostUndrawn = 2
/** Bytes on their way to the client beyond which pictures wait, so that notices and answers do not queue behind them. */
const fullSocket = 1_000_000
/** Bytes at which a client that sends rubbish and reads nothing is cut off. */
const deadSocket = 8_000_000
const headerBytes = 16

/**
 * Serves the view until the socket or the session ends; owns the socket. Follows the session's active page. Nothing here is awaited
 * by anybody and no call to a page is waited for, so that a hung browser can be closed while it is watched.
 */
export function attachView(socket: WebSocket, session: ViewableSession, clock: Clock = systemClock): void {
  const viewId = randomUUID()
  const openedAt = clock.monotonic()
  let size: ScreencastSize | null = null
  let link: PageLink | null = null
  let sent = 0
  let drawn = 0
  let lastPage = ''
  let lastHolder = ''
  let ended = false

  // An error in a view ends that view: neither the session it shows, in whose events it is called, nor the room.
  const scope: Scope = { room: 'browsers', kind: 'view', id: viewId, escaped: () => socket.terminate() }
  const resume = contained(scope, () => link?.resume())
  const sink: FrameSink = { hasRoom, draw: contained(scope, draw) }
  const subscriptions = [
    session.pages.onChange(contained(scope, follow)),
    session.control.onChange(contained(scope, onControl)),
    session.onEnd(contained(scope, end)),
  ]
  socket.on('message', contained(scope, receive))
  socket.on('error', () => socket.terminate())
  socket.once('close', contained(scope, dispose))
  onControl()
  follow()

  function receive(data: RawData, isBinary: boolean): void {
    if (ended) return
    if (socket.bufferedAmount > deadSocket) return socket.terminate()
    const parsed = isBinary ? null : viewCommand.safeParse(readJson(data))
    if (!parsed?.success) return problem('That message cannot be understood')
    obey(parsed.data)
  }

  function obey(command: ViewCommand): void {
    switch (command.type) {
      case 'visible':
        size = command.visible ? { maxWidth: command.maxWidth, maxHeight: command.maxHeight, everyNth: command.everyNth } : null
        // What was sent to a view that went out of sight may never be drawn.
        drawn = sent
        link?.show(size)
        return follow()
      case 'drawn':
        drawn = Math.min(Math.max(drawn, command.frame), sent)
        return link?.resume()
      case 'take-over':
        if (!session.control.take(viewId))
          return problem(
            session.control.holder === null ? 'This session cannot be taken over now' : 'Somebody else has taken over this session',
          )
        return onControl()
      case 'give-back':
        session.control.giveBack(viewId)
        return onControl()
      case 'page':
        if (!session.pages.list().some((page) => page.id === command.page)) return problem('That page is not open any more')
        return session.pages.show(command.page)
      default:
        return type(command)
    }
  }

  function type(command: Extract<ViewCommand, { type: 'mouse' | 'key' | 'text' }>): void {
    if (session.control.holder !== viewId) return problem('Take over first, then type')
    session.touch()
    if (link === null) return problem('The session has no page to type into')
    if (command.type === 'mouse') link.input.mouse(command)
    else if (command.type === 'key') link.input.key(command)
    else link.input.text(command.text)
  }

  /** Looks at the page that stands in front, and stays with it until another does. */
  function follow(): void {
    if (ended) return
    const page = session.pages.active()
    const wanted = size !== null || session.control.holder === viewId
    if (link !== null && (!wanted || link.pageId !== page?.id)) {
      link.close()
      link = null
    }
    if (link === null && wanted && page !== null) link = openLink(page, size, sink, problem)
    if (page === null) return
    const seen = JSON.stringify([page.id, page.url, page.title])
    if (seen === lastPage) return
    lastPage = seen
    notify({ type: 'page', page: page.id, url: page.url, title: page.title })
  }

  function onControl(): void {
    const controller = session.control.holder
    const holder = controller === null ? 'nobody' : controller === viewId ? 'you' : 'other'
    if (holder !== 'you') link?.input.release()
    if (holder === lastHolder) return
    lastHolder = holder
    notify({ type: 'control', holder })
    follow()
  }

  function hasRoom(): boolean {
    return sent - drawn < mostUndrawn && socket.bufferedAmount < fullSocket
  }

  function draw(frame: Frame): void {
    sent += 1
    const header = Buffer.alloc(headerBytes)
    header.writeUInt32BE(sent, 0)
    header.writeUInt32BE(frame.width, 4)
    header.writeUInt32BE(frame.height, 8)
    header.writeUInt32BE(Math.round(clock.monotonic() - openedAt), 12)
    // The socket may have been full; when it has taken this frame the next one is due.
    if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([header, frame.jpeg]), resume)
  }

  function notify(notice: ViewNotice): void {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(notice))
  }

  function problem(message: string): void {
    notify({ type: 'problem', message })
  }

  function end(reason: string): void {
    notify({ type: 'ended', reason })
    dispose()
    socket.close(1_000, 'session ended')
  }

  function dispose(): void {
    if (ended) return
    ended = true
    for (const unsubscribe of subscriptions) unsubscribe()
    link?.close()
    link = null
    session.control.giveBack(viewId)
  }
}

/** The view's hold on one page. */
interface PageLink {
  pageId: string
  input: ViewInput
  /** Starts, changes or stops the pictures. */
  show(size: ScreencastSize | null): void
  resume(): void
  close(): void
}

function openLink(page: ViewablePage, firstSize: ScreencastSize | null, sink: FrameSink, problem: (message: string) => void): PageLink {
  const attaching = page.page.createCDPSession()
  // Attaching takes a moment; what is typed meanwhile waits for it in its order.
  const input = createViewInput({ send: (...call) => attaching.then((cdp) => cdp.send(...call)) }, problem)
  let size = firstSize
  let attached: CDPSession | null = null
  let cast: Screencast | null = null
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
    show(next) {
      size = next
      apply()
    },
    resume: () => cast?.resume(),
    close() {
      closed = true
      cast?.stop()
      input.release()
      attaching.then((cdp) => cdp.detach()).catch(() => undefined)
    },
  }

  function apply(): void {
    if (attached === null || closed) return
    cast?.stop()
    cast = size === null ? null : startScreencast(attached, size, sink)
  }
}

function readJson(data: RawData): unknown {
  try {
    // Node's own sockets hand out one Buffer per message (`binaryType` nodebuffer).
    return JSON.parse((data as Buffer).toString('utf8'))
  } catch {
    return null
  }
}
