/** What a socket hears, as shapes for the trail. */
import type { BinaryNode, WASocket } from 'baileys'
import type { Trail } from '../../trail/trail.ts'

type Library = Pick<typeof import('baileys'), 'normalizeMessageContent'>

/** Attributes whose values are of a few that the protocol knows, and tell what a stanza is about. */
const telling = ['type', 'xmlns', 'error', 'code', 'reason', 'mediatype', 'edit', 'category', 'addressing_mode', 'decrypt-fail'] as const
const word = /^[a-z][a-z0-9_:.-]{0,30}$/i
const code = /^\d{1,4}$/

export function followTrail(socket: WASocket, library: Library, trail: Pick<Trail, 'note'>): void {
  // Those of the handshake are bytes.
  socket.ws.on('frame', (frame: BinaryNode | Uint8Array) => {
    if (!(frame instanceof Uint8Array)) trail.note(`in ${shapeOf(frame)}`)
  })
  socket.ev.on('connection.update', ({ connection, lastDisconnect }) => {
    const closed = lastDisconnect?.error as { output?: { statusCode?: number } } | undefined // the library closes with a Boom
    if (connection === 'open') trail.note('open')
    if (connection === 'close') trail.note(`close ${closed?.output?.statusCode ?? 'without a code'}`)
  })
  socket.ev.on('messages.upsert', ({ messages }) => {
    for (const { message, messageStubType } of messages) {
      const content = library.normalizeMessageContent(message) ?? {}
      const fields = Object.keys(content).filter((field) => Reflect.get(content, field) != null)
      trail.note(fields.length === 0 ? `stub ${messageStubType ?? 'none'}` : `content ${fields.sort().join(' ')}`)
    }
  })
}

/** Tag, what tells its kind, and what it is made of. */
export function shapeOf({ tag, attrs, content }: BinaryNode): string {
  const own = telling.flatMap((name) => {
    const value = attrs[name]
    return value !== undefined && (word.test(value) || code.test(value)) ? [`${name}=${value}`] : []
  })
  const parts = Array.isArray(content) ? [...new Set(content.map((part) => part.tag))].sort() : []
  return [tag, ...own, ...(parts.length === 0 ? [] : ['>', ...parts])].join(' ')
}
