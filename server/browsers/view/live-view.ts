/** One person's live view of one session, over one WebSocket: pictures out, mouse and keyboard in. Messages: `live-view-messages.ts`. */
import { randomUUID } from 'node:crypto'
import type { RawData, WebSocket } from 'ws'
import { systemClock, type Clock } from '../../clock.ts'
import { contained, type Scope } from '../../isolation.ts'
import { viewCommand, type ViewCommand, type ViewNotice } from '../contract/live-view-messages.ts'
import type { Stopped } from '../page/stop-page.ts'
import { drive } from './drive.ts'
import type { Point } from './page-hands.ts'
import { openLink, type PageLink } from './page-link.ts'
import type { Frame, FrameSink, ScreencastSize } from './screencast.ts'
import { tellDialogs, tellDownloads } from './tellers.ts'
import type { ViewableSession } from './viewable-session.ts'

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
export function attachView(socket: WebSocket, session: ViewableSession, clock: Clock = systemClock, by = 'owner'): void {
  const viewId = randomUUID()
  const openedAt = clock.monotonic()
  let size: ScreencastSize | null = null
  let link: PageLink | null = null
  let sent = 0
  let drawn = 0
  let lastPage = ''
  let lastHolder = ''
  let pressed: Point | null = null
  let ended = false

  // An error in a view ends that view: neither the session it shows, in whose events it is called, nor the room.
  const scope: Scope = { room: 'browsers', kind: 'view', id: viewId, escaped: () => socket.terminate() }
  const resume = contained(scope, () => link?.resume())
  const sink: FrameSink = { hasRoom, draw: contained(scope, draw) }
  const subscriptions = [
    session.pages.onChange(contained(scope, follow)),
    session.control.onChange(contained(scope, onControl)),
    session.dialogs.onChange(contained(scope, tellDialogs(session.dialogs, clock, notify))),
    session.downloads.onChange(contained(scope, tellDownloads(session.downloads, notify))),
    session.permissions.onChange(contained(scope, tellPermissions)),
    session.onEnd(contained(scope, end)),
  ]
  socket.on('message', contained(scope, receive))
  socket.on('error', () => socket.terminate())
  socket.once('close', contained(scope, dispose))
  onControl()
  follow()
  if (session.dialogs.list().length > 0) tellDialogs(session.dialogs, clock, notify)()
  if (session.permissions.list().length > 0) tellPermissions()

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
        if (!session.control.take(viewId, by))
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
        return handle(command)
    }
  }

  function handle(command: Exclude<ViewCommand, { type: 'visible' | 'drawn' | 'take-over' | 'give-back' | 'page' }>): void {
    if (session.control.holder !== viewId) return problem('Take over first, then type')
    session.touch()
    switch (command.type) {
      case 'answer': {
        const { accept, text } = command
        const answered = session.dialogs.answer(command.dialog, { accept, ...(text === undefined ? {} : { text }) })
        return answered ? undefined : problem('That dialog is not open any more')
      }
      case 'permit':
        return void session.permissions
          .decide(command.request, command.allow)
          .catch(contained(scope, () => problem('The browser did not allow it')))
      case 'stop-page':
        return stopPage()
    }
    if (link === null) return problem('The session has no page to type into')
    if (command.type === 'mouse' && command.action === 'down') pressed = { x: command.x, y: command.y }
    drive(link, command, { session, scope, notify, problem })
  }

  function stopPage(): void {
    const page = session.pages.active()
    if (page === null) return problem('The session has no page')
    const done = contained(scope, (how: Stopped | null) => (how === null ? undefined : notify({ type: 'stopped', how })))
    session.pages.stopPage(page.id).then(
      done,
      contained(scope, () => problem('The page was not stopped')),
    )
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
    if (link === null && wanted && page !== null)
      link = openLink({ page, size, sink, notify, problem, pressedAt: () => pressed, resize: (each) => session.setup.resize(each) })
    link?.drive(session.control.holder === viewId)
    if (page === null) return
    const seen = JSON.stringify([page.id, page.url, page.title])
    if (seen === lastPage) return
    lastPage = seen
    notify({ type: 'page', page: page.id, url: page.url, title: page.title })
  }

  function onControl(): void {
    const controller = session.control.holder
    const holder = controller === null ? 'nobody' : controller === viewId ? 'you' : 'other'
    link?.drive(holder === 'you')
    if (holder === lastHolder) return
    lastHolder = holder
    notify({ type: 'control', holder })
    follow()
  }

  function tellPermissions(): void {
    notify({ type: 'permissions', asked: session.permissions.list() })
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

function readJson(data: RawData): unknown {
  try {
    // Node's own sockets hand out one Buffer per message (`binaryType` nodebuffer).
    return JSON.parse((data as Buffer).toString('utf8'))
  } catch {
    return null
  }
}
