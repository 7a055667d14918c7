/** The first file of a form, as it streams in: nothing of it is held but what a boundary may hide in. */
import { BotFault } from '../fault.ts'

export interface FormFile {
  name: string | null
  mimetype: string | null
  content: AsyncGenerator<Buffer>
}

const lineEnd = Buffer.from('\r\n')
const headEnd = Buffer.from('\r\n\r\n')
/** Bytes of a part's head, and of all fields before the file. */
const longestHead = 16_384
const longestFields = 1_048_576

/** Of a `content-type`; null when it is no form. */
export function boundaryOf(contentType: string | undefined): string | null {
  const found = /^multipart\/form-data\b.*?;\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType ?? '')
  return found?.[1] ?? found?.[2] ?? null
}

/** Throws `upload-malformed`, as reading its content does where the form breaks off. */
export async function firstFile(body: AsyncIterable<Buffer>, boundary: string): Promise<FormFile> {
  const read = createReader(body)
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  // The first one has no line before it.
  await skip(read(delimiter.subarray(2)), longestFields)
  let fields = 0
  for (;;) {
    const end = await gather(read(lineEnd), longestHead)
    if (end.toString().trim() === '--') throw malformed('it has no file')
    const head = (await gather(read(headEnd), longestHead)).toString()
    const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1] ?? ''
    if (/(^|[;\s])filename\*?=/i.test(disposition))
      return { name: nameOf(disposition), mimetype: /^content-type:\s*(.+?)\s*$/im.exec(head)?.[1] ?? null, content: read(delimiter) }
    fields += await skip(read(delimiter), longestFields - fields)
  }
}

/** What comes until the delimiter, which is read too. */
function createReader(body: AsyncIterable<Buffer>): (delimiter: Buffer) => AsyncGenerator<Buffer> {
  const source = body[Symbol.asyncIterator]()
  let pending: Buffer = Buffer.alloc(0)
  return async function* (delimiter) {
    for (;;) {
      const found = pending.indexOf(delimiter)
      if (found !== -1) {
        const before = pending.subarray(0, found)
        pending = pending.subarray(found + delimiter.length)
        if (before.length > 0) yield before
        return
      }
      const sure = pending.length - delimiter.length + 1
      if (sure > 0) {
        const part = pending.subarray(0, sure)
        pending = pending.subarray(sure)
        yield part
      }
      const { done, value } = await source.next()
      if (done === true) throw malformed('it ends before its last boundary')
      pending = Buffer.concat([pending, value])
    }
  }
}

async function gather(parts: AsyncGenerator<Buffer>, most: number): Promise<Buffer> {
  const all: Buffer[] = []
  let bytes = 0
  for await (const part of parts) {
    bytes += part.length
    if (bytes > most) throw malformed('its heads are too long')
    all.push(part)
  }
  return Buffer.concat(all)
}

async function skip(parts: AsyncGenerator<Buffer>, most: number): Promise<number> {
  return (await gather(parts, most)).length
}

/** Browsers write quotes and line ends within a name as `%22`, `%0D` and `%0A`. */
function nameOf(disposition: string): string | null {
  const name = /filename="([^"]*)"/i.exec(disposition)?.[1] ?? /filename=([^;\s]+)/i.exec(disposition)?.[1] ?? ''
  return name === '' ? null : name.replaceAll('%22', '"')
}

function malformed(what: string): BotFault {
  return new BotFault('upload-malformed', `The form cannot be read: ${what}`)
}
