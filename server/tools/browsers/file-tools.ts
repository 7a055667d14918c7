/** Tools for files: what came down, and what is handed to a page. */
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ElementHandle } from 'puppeteer-core'
import { z } from 'zod'
import { abortable } from '../../async/abortable.ts'
import { waitFor } from '../../async/deadline.ts'
import { BrowserFault } from '../../browsers/fault.ts'
import type { Upload } from '../../browsers/files/uploads.ts'
import type { Session } from '../../browsers/session/session.ts'
import { builtInTool, type BuiltInTool, type ToolContent } from '../../relay/built-in/server.ts'
import { facts, words } from '../content.ts'
import { comeIn, type BrowserAccess } from './access.ts'
import { act } from './act.ts'
import { findElement, freePoint, target, type FoundElement } from './element.ts'
import { given } from './given.ts'
import { fieldKind } from './in-page/hands.ts'
import { about, base64, fileId, sessionId } from './parts.ts'
import { asPageContent } from './shown.ts'

/** Bytes of a file that one answer holds: as text, and as it is. */
const mostText = 100_000
const mostBytes = 1_000_000
/** Of a file that an agent writes itself. */
const longestUpload = 2_000_000
/** Ms for a download that arrives, and for a page to ask for files after a press. */
const arrivesWithin = 40_000
const asksWithin = 5_000

export function fileTools(service: BrowserAccess): BuiltInTool[] {
  return [
    builtInTool({
      name: 'browser_downloads',
      title: 'List downloads',
      description: 'The files that the pages of a session have downloaded, the latest first.',
      input: z.object(sessionId),
      readOnly: true,
      right: 'browsers:use',
      about,
      async run({ session_id: id }, call) {
        const { session } = await comeIn(service, id, call)
        return facts(
          session.downloads
            .list()
            .slice(0, 100)
            .map(({ id: download, name, state, reason, receivedBytes, totalBytes }) => ({
              ...{ download, name, state, receivedBytes },
              ...(totalBytes === null ? {} : { totalBytes }),
              ...(reason === null ? {} : { reason }),
            })),
        )
      },
    }),
    builtInTool({
      name: 'browser_download',
      title: 'Read a download',
      description:
        'The content of a downloaded file: text as text, by parts where it is long; a picture as one; anything else as it is, up to 1 MB. Waits for one that arrives.',
      input: z.object({
        ...sessionId,
        download: fileId.describe('From browser_downloads'),
        from: z.number().int().min(0).default(0).describe('Bytes to leave out, to read on'),
        size: z.number().int().min(1).max(mostText).default(20_000).describe('Bytes of text at most'),
      }),
      readOnly: true,
      right: 'browsers:use',
      about,
      async run({ session_id: id, download, from, size }, call) {
        const { session } = await comeIn(service, id, call)
        await arrived(session, download, call.signal)
        return contentOf(session, download, from, size)
      },
    }),
    builtInTool({
      name: 'browser_upload',
      title: 'Give files to a page',
      description:
        'Gives files to a file field, or to a button that asks for them. Files are written here as text or base64, or are downloads of this session, or were handed to it by a person; none of the machine’s own.',
      input: z.object({
        ...sessionId,
        ...target,
        files: z
          .array(
            z.object({
              name: z.string().min(1).max(255).optional(),
              text: z.string().max(longestUpload).optional(),
              base64: base64.max(longestUpload).meta({ format: undefined, pattern: undefined }).optional(),
              download: fileId.optional().describe('From browser_downloads'),
              upload: fileId.optional().describe('What a person has handed to the session'),
            }),
          )
          .max(20)
          .describe('None empties the field'),
      }),
      readOnly: false,
      destructive: true,
      right: 'browsers:use',
      about,
      run: ({ session_id: id, files, ...named }, call) =>
        act(service, id, call, {
          patience: 60_000,
          refs: [named.ref],
          run: async (_, workplace, signal) => {
            const uploads: Upload[] = []
            for (const each of files) uploads.push(await abortable(taken(workplace.session, each), signal))
            // Sites hide their file fields behind buttons of their own.
            const found = await findElement(workplace, named, signal, { hidden: true })
            await hand(
              found,
              uploads.map(({ path }) => path),
              signal,
            )
            return `Gave ${uploads.length === 0 ? 'no file' : uploads.map(({ name, bytes }) => `${name} (${bytes} bytes)`).join(', ')} to ${found.called}`
          },
        }),
    }),
  ]
}

async function arrived({ downloads }: Session, id: string, signal: AbortSignal): Promise<void> {
  const arrives = (): boolean => downloads.list().find((each) => each.id === id)?.state === 'arriving'
  if (arrives()) await waitFor(arrivesWithin, (done) => downloads.onChange(() => (arrives() ? undefined : done())), { signal })
}

/** Throws `download-not-found`, `download-unfinished`, `result-too-large`. */
async function contentOf(session: Session, id: string, from: number, size: number): Promise<ToolContent[]> {
  const { path, name, bytes } = session.downloads.file(id)
  const file = await open(path)
  try {
    const head = await bytesOf(file, 0, Math.min(bytes, 4_096))
    const image = imageType(head)
    if (isText(head)) {
      const part = await bytesOf(file, from, size)
      const text = new TextDecoder().decode(part)
      const left = bytes - from - part.byteLength
      const more = left > 0 ? `\n${left} more bytes: browser_download with "from": ${from + part.byteLength}` : ''
      return words(`${name}, ${bytes} bytes\n${asPageContent(text)}${more}`)
    }
    if (bytes > mostBytes)
      throw new BrowserFault(
        'result-too-large',
        `${name} has ${bytes} bytes, and is no text; ${mostBytes} are the most that come through here. It is kept with the session: GET /v1/browser-sessions/${session.id}/downloads/${id}`,
      )
    const content = (await bytesOf(file, 0, bytes)).toString('base64')
    if (image !== null) return [{ type: 'image', data: content, mimeType: image }]
    const mimeType = head.subarray(0, 5).toString('latin1') === '%PDF-' ? 'application/pdf' : 'application/octet-stream'
    const uri = `wheelhouse://browser-sessions/${session.id}/downloads/${id}/${encodeURIComponent(name)}`
    return [...words(`${name}, ${bytes} bytes`), { type: 'resource', resource: { uri, mimeType, blob: content } }]
  } finally {
    await file.close()
  }
}

async function bytesOf(file: Awaited<ReturnType<typeof open>>, from: number, size: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, from)
  return buffer.subarray(0, bytesRead)
}

function isText(head: Buffer): boolean {
  if (head.includes(0)) return false
  try {
    // Its last character may be cut in two.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}

function imageType(head: Buffer): string | null {
  const begins = head.subarray(0, 12).toString('latin1')
  if (begins.startsWith('\x89PNG')) return 'image/png'
  if (begins.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (begins.startsWith('GIF8')) return 'image/gif'
  return begins.startsWith('RIFF') && begins.endsWith('WEBP') ? 'image/webp' : null
}

interface GivenFile {
  name?: string | undefined
  text?: string | undefined
  base64?: string | undefined
  download?: string | undefined
  upload?: string | undefined
}

/** Throws `download-not-found`, `file-too-large`, and `missing-fields` for one that has no content or several. */
async function taken({ uploads, downloads }: Session, { name, text, base64, download, upload }: GivenFile): Promise<Upload> {
  const sources = [text, base64, download, upload].filter((each) => each !== undefined)
  if (sources.length !== 1) throw new BrowserFault('missing-fields', 'Each file has one of text, base64, download and upload')
  if (upload !== undefined) {
    const handed = uploads.find(upload)
    if (handed === undefined) throw new BrowserFault('download-not-found', `Nobody has handed a file ${upload} to this session`)
    return handed
  }
  if (download !== undefined) {
    const file = downloads.file(download)
    // Opened here: of a stream that cannot be opened nobody hears before its content is taken.
    const content = await open(file.path)
    try {
      return await uploads.take(name ?? file.name, content.createReadStream())
    } finally {
      await content.close()
    }
  }
  if (name === undefined) throw new BrowserFault('missing-fields', 'A file that is written here needs a name')
  return uploads.take(name, Readable.from([base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64')]))
}

async function hand(found: FoundElement, paths: readonly string[], signal: AbortSignal): Promise<void> {
  const { element, page, called } = found
  if ((await abortable(element.evaluate(fieldKind), signal)) === 'file') {
    // A file field, by its kind.
    const field = element as ElementHandle<HTMLInputElement>
    return abortable(giveTo(field, paths), signal)
  }
  const { x, y } = await freePoint(found, signal)
  const asked = page.waitForFileChooser({ timeout: asksWithin }).catch(() => null)
  await given(page.mouse.click(x, y), signal)
  const chooser = await abortable(asked, signal)
  if (chooser === null) throw new BrowserFault('page-failed', `${called} is no file field, and asked for no files when it was pressed`)
  if (paths.length === 0) await abortable(chooser.cancel(), signal)
  else await abortable(chooser.accept([...paths]), signal)
}

/** Its own label, where that is what shows. */
async function giveTo(element: ElementHandle<HTMLInputElement>, paths: readonly string[]): Promise<void> {
  const control = await element.evaluateHandle((each) =>
    (each as Element) instanceof HTMLLabelElement ? (each as unknown as HTMLLabelElement).control : each,
  )
  const field = control.asElement() as ElementHandle<HTMLInputElement> | null
  await field?.uploadFile(...paths)
}
