/** A download of a session as a file for one of its pages. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { expect, it, vi } from 'vitest'
import { BrowserFault } from '../../../server/browsers/fault.ts'
import { SessionDownloads } from '../../../server/browsers/files/session-downloads.ts'
import { Uploads } from '../../../server/browsers/files/uploads.ts'
import { fileTools } from '../../../server/tools/browsers/file-tools.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'
import { uncaughtErrors } from '../../fixtures/uncaught-errors.ts'
import { house } from './a-workplace.ts'

async function withDownload() {
  const { session, service, call, clock } = house()
  const folder = temporaryFolder()
  const downloads = new SessionDownloads({ folder: join(folder, 'downloads'), clock })
  const uploads = new Uploads(join(folder, 'uploads'))
  Object.assign(session, { downloads, uploads })
  const { id: download } = await downloads.add('bill.txt', 'http://site.test/bill.txt', Buffer.from('ten crates'))
  const tool = fileTools(service).find(({ name }) => name === 'browser_upload')
  const upload = async () =>
    tool?.run({ session_id: session.id, files: [{ download }] }, { ...call('a'), progress: () => Promise.resolve() })
  return { session, folder, upload }
}

it('is handed on as it came down', async () => {
  const { session, upload } = await withDownload()
  const take = vi.spyOn(session.uploads, 'take')
  await expect(upload()).rejects.toThrow('Name an element')
  const taken = await take.mock.results[0]?.value
  expect(taken).toMatchObject({ name: 'bill.txt', bytes: 10 })
  expect(await readFile(taken?.path ?? '', 'utf8')).toBe('ten crates')
})

it('that is removed in the moment in which it is handed on fails this call alone', async () => {
  const thrown = uncaughtErrors()
  const { session, folder, upload } = await withDownload()
  vi.spyOn(session.downloads, 'file').mockReturnValue({ path: join(folder, 'gone'), name: 'bill.txt', bytes: 10 })
  const take = session.uploads.take.bind(session.uploads)
  // The oldest upload gives way before the content is read, which takes a while on a busy disk.
  vi.spyOn(session.uploads, 'take').mockImplementation(async (name, content) => {
    await vi.waitFor(() => expect(content.errored).not.toBeNull())
    return take(name, content)
  })
  await expect(upload()).rejects.toThrow('ENOENT')
  expect(thrown).toEqual([])
})

it('is not held open when the session takes no more files', async () => {
  const { session, upload } = await withDownload()
  let handed: Readable | undefined
  vi.spyOn(session.uploads, 'take').mockImplementation((_, content) => {
    handed = content
    return Promise.reject(new BrowserFault('file-too-large', 'It takes no more'))
  })
  await expect(upload()).rejects.toThrow('It takes no more')
  expect(handed?.destroyed).toBe(true)
})
