/** A file as an answer: in parts where they are asked for, and never as a page that runs. */
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { handled, type Call } from '../../http/api.ts'
import { attachment } from '../../http/file-names.ts'
import { BotFault } from '../fault.ts'
import { isShown, withEnding } from '../media/file-type.ts'
import type { Range } from '../media/sealed-files.ts'

export interface FileReply {
  size: number
  mimetype: string
  name: string | null
  read(range: Range): Readable
}

/** Throws `range-beyond`. */
export async function sendFile({ size, mimetype, name, read }: FileReply, { node }: Call): Promise<typeof handled> {
  const { request, response } = node
  const part = rangeOf(request, size)
  const { start, end } = part ?? { start: 0, end: size }
  response.statusCode = part === null ? 200 : 206
  response.setHeader('content-type', mimetype)
  response.setHeader('content-length', end - start)
  response.setHeader('accept-ranges', 'bytes')
  if (part !== null) response.setHeader('content-range', `bytes ${start}-${end - 1}/${size}`)
  const disposition = attachment(withEnding(name ?? 'file', mimetype))
  response.setHeader('content-disposition', isShown(mimetype) ? disposition.replace('attachment', 'inline') : disposition)
  // Whatever somebody sends is never a page of ours. A sandbox would keep the browser's own viewer from showing a document.
  const isDocument = mimetype === 'application/pdf'
  response.setHeader('content-security-policy', `default-src 'none'; ${isDocument ? '' : 'sandbox; '}frame-ancestors 'none'`)
  if (request.method === 'HEAD') {
    response.end()
    return handled
  }
  // Whoever goes away before the end needs none of it.
  await pipeline(read({ start, end }), response).catch(() => response.destroy())
  return handled
}

/** Null where the whole is asked for, in words that are not understood, too. */
function rangeOf({ headers }: IncomingMessage, size: number): Range | null {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? '') ?? []
  if (first === '' && last === '') return null
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  if (start >= end) throw new BotFault('range-beyond', `The file has ${size} bytes`)
  return { start, end }
}
