import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { downloadsKept, SessionFiles } from '../../../../server/browsers/files/session-files.ts'
import { eventually } from '../../../fixtures/eventually.ts'

let folder: string
let now = 1_000
const clock = { now: () => now, monotonic: () => now }
const session = 'session_1704623456_1234567890-abc'

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wheelhouse-files-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const kept = (): string[] => (existsSync(join(folder, 'downloads')) ? readdirSync(join(folder, 'downloads')) : [])

it('downloads stay for a day after the end of their session, also across restarts, and are its makers’ alone', async () => {
  const files = new SessionFiles({ folder, clock })
  const { downloads } = files.of(session)
  downloads.opened(
    () => ['key:one'],
    'allow',
    () => undefined,
  )
  const { id } = await downloads.add('a.csv', 'http://site.test/a.csv?token=secret', Buffer.from('one'))
  expect(downloads.list()).toMatchObject([{ name: 'a.csv', url: 'http://site.test/a.csv', state: 'done', receivedBytes: 3 }])
  downloads.ended()

  const later = new SessionFiles({ folder, clock })
  later.start()
  try {
    expect(later.find(session)?.makers).toEqual(['key:one'])
    expect(later.find(session)?.file(id)).toMatchObject({ name: 'a.csv', bytes: 3 })
    now += downloadsKept - 1
    await later.sweep()
    expect(kept()).toEqual([session])
    now += 1
    await later.sweep()
    expect(kept()).toEqual([])
    expect(later.find(session)).toBeUndefined()
  } finally {
    later.stop()
  }
})

it('a session that ended with its server keeps what had arrived, counted from the next start', async () => {
  const files = new SessionFiles({ folder, clock })
  const { downloads } = files.of(session)
  downloads.opened(
    () => [null],
    'allow',
    () => undefined,
  )
  await downloads.add('a.csv', 'http://site.test/', Buffer.from('one'))
  await eventually('the list is written', () => readdirSync(join(folder, 'downloads', session)).includes('downloads.json'))
  now += downloadsKept * 2
  const later = new SessionFiles({ folder, clock })
  later.start()
  later.stop()
  await later.sweep()
  expect(later.find(session)?.list()).toHaveLength(1)
  // The same session again, e.g. woken: it has them still, and they do not run out under it.
  const again = later.of(session).downloads
  again.opened(
    () => [null],
    'allow',
    () => undefined,
  )
  now += downloadsKept * 2
  await later.sweep()
  expect(again.list()).toHaveLength(1)
})

it('a download that its server was killed in is told as lost by the next one, and nothing of it stays', async () => {
  const id = '3f2b8c1e-0d5a-4b6f-9a57-6f0c2f9f5b11'
  const own = join(folder, 'downloads', session)
  mkdirSync(own, { recursive: true })
  const arriving = { id, name: 'slow.bin', url: 'http://site.test/', state: 'arriving', reason: null, receivedBytes: 3, totalBytes: 9 }
  const downloads = [{ ...arriving, startedAt: new Date(now).toISOString(), endedAt: null }]
  writeFileSync(join(own, 'downloads.json'), JSON.stringify({ makers: ['key:one'], endedAt: null, downloads }))
  for (const name of [id, 'downloads.json.tmp']) writeFileSync(join(own, name), 'abc')
  const files = new SessionFiles({ folder, clock })
  files.start()
  files.stop()
  expect(files.find(session)?.list()).toMatchObject([{ name: 'slow.bin', state: 'failed', reason: 'The server stopped' }])
  await eventually('nothing of it is left', () => readdirSync(own).join() === 'downloads.json')
})

it('a folder of a strange name in the way is removed, and no path leads out', async () => {
  const files = new SessionFiles({ folder, clock })
  const { downloads } = files.of(session)
  await downloads.add('a.csv', 'http://site.test/', Buffer.from('one'))
  writeFileSync(join(folder, 'downloads', 'strange'), '')
  await files.sweep()
  expect(kept()).toEqual([session])
  for (const id of ['../downloads.json', 'downloads.json', '', '00000000-0000-0000-0000-000000000000'])
    expect(() => downloads.file(id)).toThrow('No such download')
})

it('files for a page are bounded one by one and together, and gone with the session', async () => {
  const { Uploads } = await import('../../../../server/browsers/files/uploads.ts')
  const uploads = new Uploads(join(folder, 'uploads'), { fileBytes: 10, sessionBytes: 15, files: 3 })
  const take = (bytes: number) => uploads.take('x.bin', Readable.from([Buffer.alloc(bytes)]))
  await expect(take(11)).rejects.toThrow('too large')
  const first = await take(10)
  await expect(take(6)).rejects.toThrow('too large')
  await take(5)
  expect(uploads.find(first.id)).toMatchObject({ name: 'x.bin', bytes: 10 })
  await uploads.discard()
  expect([uploads.find(first.id), existsSync(join(folder, 'uploads'))]).toEqual([undefined, false])
  await expect(take(1)).rejects.toThrow('ended')
})
