/** Answers what is recorded of sessions. */
import { z } from 'zod'
import { iso } from '../../clock.ts'
import type { Handlers, SocketHandler } from '../../http/api.ts'
import { sessionId } from '../contract/index.ts'
import type { recorderRoutes, recorderSockets } from '../contract/recorder.ts'
import { BrowserFault } from '../fault.ts'
import { archiveOf } from '../recorder/archive.ts'
import { harOf, type Har } from '../recorder/har.ts'
import { attachTail } from '../recorder/tail.ts'
import { presentSession } from '../session/presentation.ts'
import type { Session } from '../session/session.ts'
import type { ApiParts } from './parts.ts'

export function createRecorderHandlers({ service, textOf }: ApiParts): Handlers<typeof recorderRoutes> {
  return {
    recorder: ({ params, query }) => {
      const { recorder } = service.recall(params.id)
      const { totals, dropped } = recorder
      const pictures = recorder.pictures.list().map(({ id, at, why, url }) => ({ id, at: iso(at), why, url }))
      return { status: 200, body: { ...recorder.list(query, textOf), totals, dropped, pictures } }
    },
    recorderHar: ({ params }) => {
      const session = service.recall(params.id)
      return { status: 200, body: JSON.stringify(har(session)), headers: asFile(session, 'har') }
    },
    recorderZip: async ({ params }, call) => {
      const session = service.recall(params.id)
      const archive = await archiveOf({
        session: presentSession(session, service.idleTimeout, call.origin),
        entries: session.recorder.all(textOf),
        har: har(session),
        pictures: session.recorder.pictures.list(),
        card: service.records.crashCard(session.id),
      })
      return { status: 200, body: archive, headers: asFile(session, 'zip') }
    },
    recorderPicture: ({ params }) => {
      const picture = service
        .recall(params.id)
        .recorder.pictures.list()
        .find(({ id }) => id === params.picture)
      if (picture === undefined) throw new BrowserFault('picture-not-found', 'There is no such picture any more')
      return { status: 200, body: picture.jpeg, headers: { 'cache-control': 'no-store' } }
    },
    crashCard: ({ params }) => {
      const card = service.records.crashCard(params.id)
      if (card !== null) return { status: 200, body: card }
      service.recall(params.id)
      throw new BrowserFault('crash-card-not-found', 'The session has not ended')
    },
  }
}

export function createRecorderSockets({ service, textOf, clock }: ApiParts): Record<keyof typeof recorderSockets, SocketHandler> {
  return {
    recorderTail: (socket, { params, query }) => {
      const { id } = z.object({ id: sessionId }).parse(params)
      // Parsed at the border; a socket's handler is given it without its type.
      const filter = query as z.output<(typeof recorderSockets)['recorderTail']['query']>
      try {
        attachTail(socket, service.get(id), { filter, textOf, clock })
      } catch {
        socket.close(4_404, 'Session not found')
      }
    },
  }
}

function har({ recorder, browser }: Session): Har {
  return harOf({
    requests: recorder.requests(),
    pending: recorder.pending(),
    loads: recorder.loads(),
    browser: browser.running?.version ?? null,
  })
}

function asFile({ id }: Session, extension: string): Record<string, string> {
  return { 'cache-control': 'no-store', 'content-disposition': `attachment; filename="${id}.${extension}"` }
}
