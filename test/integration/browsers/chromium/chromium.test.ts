import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../../../server/clock.ts'
import { Chromium, type ChromiumOptions } from '../../../../server/browsers/chromium/chromium.ts'
import type { ChromiumState } from '../../../../server/browsers/contract/index.ts'
import { findCandidates, placesHere } from '../../../../server/browsers/chromium/discover.ts'
import { launchBrowser } from '../../../../server/browsers/process/launch.ts'
import { removeProfile } from '../../../../server/browsers/process/profile-directory.ts'
import { testLog } from '../../../fakes/kernel.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../../fixtures/loopback.ts'
import { storedZip } from '../../../fixtures/stored-zip.ts'

let folder = ''
let seen: ChromiumState[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wheelhouse-chromium-'))
  seen = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** The browser of this machine. */
const real = (): string =>
  findCandidates(placesHere(join(folder, 'none'), process.env['WHEELHOUSE_BROWSER'] ?? null)).candidates[0]?.path ?? ''

function chromium(changes: Partial<ChromiumOptions> = {}): Chromium {
  return new Chromium({
    folder,
    profilesDir: join(folder, 'profiles'),
    configured: () => null,
    changed: (state) => seen.push(state),
    clock: systemClock,
    log: testLog(),
    ...changes,
  })
}

/** A machine on which nothing is found but what we install. */
const bare: Pick<ChromiumOptions, 'places'> = {
  places: (installDir, configured) => ({ platform: 'win32', home: folder, environment: {}, installDir, configured }),
}

function program(name: string, script: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

describe('the Chromium of this machine', () => {
  it('is found, proven by a launch, and remembered so that the next start launches nothing', async () => {
    const first = chromium()
    expect(first.state().state).toBe('unknown')
    const path = await first.ensure()
    expect(first.state()).toMatchObject({
      state: 'ready',
      path,
      version: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
      source: expect.any(String),
    })
    expect(seen.map(({ state }) => state)).toEqual(['checking', 'ready'])
    expect(readdirSync(join(folder, 'profiles'))).toEqual([])

    const next = chromium()
    // In one turn, in which nothing can have been launched.
    next.glance()
    expect(next.state()).toMatchObject({ state: 'ready', path, version: first.state().version })
  })

  it('is proven again when its file has changed, and only once for callers at the same time', async () => {
    const counted = program('browser', `echo x >> ${join(folder, 'starts')}; exec ${real()} "$@"`)
    const starts = (): number => readFileSync(join(folder, 'starts'), 'utf8').trim().split('\n').length
    const one = chromium({ configured: () => counted })
    await Promise.all([one.ensure(), one.ensure(), one.ensure()])
    expect(starts()).toBe(1)
    await chromium({ configured: () => counted }).ensure()
    expect(starts()).toBe(1)
    writeFileSync(counted, `#!/bin/sh\necho x >> ${join(folder, 'starts')}\n\nexec ${real()} "$@"\n`)
    await chromium({ configured: () => counted }).ensure()
    expect(starts()).toBe(2)
  })

  it('that does not start is named with what it said, and a configured one is not silently replaced by another', async () => {
    const broken = chromium({
      configured: () => program('broken', 'echo "error while loading shared libraries: libnss3.so" >&2; exit 127'),
    })
    await expect(broken.ensure()).rejects.toMatchObject({ code: 'no-browser', message: expect.stringContaining('libnss3.so') })
    expect(broken.state()).toMatchObject({
      state: 'failed',
      path: join(folder, 'broken'),
      message: expect.stringContaining('exit code 127'),
    })

    const absent = chromium({ configured: () => join(folder, 'nowhere') })
    absent.glance()
    expect(absent.state()).toMatchObject({
      state: 'missing',
      searched: [join(folder, 'nowhere')],
      message: expect.stringContaining('nowhere'),
    })
    await expect(absent.ensure()).rejects.toMatchObject({ code: 'no-browser' })
  })
})

describe('installing Chrome for Testing', () => {
  const buildId = '156.0.8078.47'

  async function store(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const server = createServer(answer)
    const url = await listenOnLoopback(server)
    onTestFinished(() => stopServer(server))
    return url
  }

  it('downloads with progress, unpacks, proves by a launch and uses it', async () => {
    const launcher = `#!/bin/sh\nexec ${real()} "$@"\n`
    const archive = storedZip({ 'chrome-linux64/chrome': launcher, 'chrome-linux64/padding': 'x'.repeat(200_000) })
    const asked: string[] = []
    const baseUrl = await store((request, response) => {
      asked.push(request.url ?? '')
      response
        .writeHead(200, { 'content-length': archive.length, 'x-goog-hash': `md5=${createHash('md5').update(archive).digest('base64')}` })
        .end(archive)
    })
    const one = chromium({ ...bare, install: { baseUrl, buildId } })
    one.glance()
    expect(one.state().state).toBe('missing')
    expect(one.install()).toMatchObject({ state: 'installing', progress: { receivedBytes: 0 } })
    await eventually(
      'it is installed and proven',
      () => one.state().state === 'ready' || (one.state().state === 'failed' && Promise.reject(new Error(one.state().message ?? ''))),
    )
    expect(one.state()).toMatchObject({ source: 'installed', path: expect.stringContaining(join(folder, 'chrome')), progress: null })
    expect(asked).toEqual([expect.stringMatching(new RegExp(`/${buildId}/.+\\.zip$`))])
    expect(seen.find(({ progress }) => progress?.receivedBytes === archive.length)).toMatchObject({
      progress: { totalBytes: archive.length },
    })
    await one.stop()
  })

  it('can be cancelled, says why it failed, and refuses a damaged archive; nothing is left of either', async () => {
    const leftovers = () => (existsSync(join(folder, 'chrome', 'chrome')) ? readdirSync(join(folder, 'chrome', 'chrome')) : [])
    const hanging = await store((_, response) => void response.writeHead(200, { 'content-length': 1_000_000 }).write('x'.repeat(1_000)))
    const one = chromium({ ...bare, install: { baseUrl: hanging, buildId } })
    one.install()
    await eventually('something has come', () => (one.state().progress?.receivedBytes ?? 0) > 0)
    expect(await one.cancelInstall()).toMatchObject({ state: 'missing', progress: null })
    expect(leftovers()).toEqual([])

    const absent = chromium({ ...bare, install: { baseUrl: await store((_, response) => void response.writeHead(404).end()), buildId } })
    absent.install()
    await eventually('it has failed', () => absent.state().state === 'failed')
    expect(absent.state().message).toMatch(/answers with status 404/)

    const damaged = chromium({
      ...bare,
      install: {
        baseUrl: await store((_, response) => void response.writeHead(200, { 'x-goog-hash': 'crc32c=x,md5=bm90IGl0' }).end('rubbish')),
        buildId,
      },
    })
    damaged.install()
    await eventually('it is refused', () => damaged.state().state === 'failed')
    expect(damaged.state().message).toBe('The download was damaged on the way')
    expect(leftovers()).toEqual([])
  })
})

it('a browser is not given what our own variables keep secret', async () => {
  for (const name of ['API_KEY', 'DATABASE_URL', 'REDIS_URL', 'WHEELHOUSE_DATA_DIR'])
    vi.stubEnv(name, 'redis://:harbor-demo@127.0.0.1:6379')
  onTestFinished(() => void vi.unstubAllEnvs())
  const executable = program('browser', `env > ${join(folder, 'environment')}; exit 1`)
  await expect(launchBrowser({ executable, profileDir: join(folder, 'profile'), headless: true })).rejects.toMatchObject({
    code: 'start-failed',
  })
  expect(readFileSync(join(folder, 'environment'), 'utf8')).not.toContain('harbor-demo')
  await removeProfile(join(folder, 'profile'))
})
