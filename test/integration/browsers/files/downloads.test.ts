/** What is downloaded at its limits and through sleep. */
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { SessionDownloads } from '../../../../server/browsers/files/session-downloads.ts'
import { testClock } from '../../../fakes/kernel.ts'
import { serveBrowsers } from '../../../fakes/served-browsers.ts'
import { startChromium, type TestChromium } from '../../../fixtures/chromium.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { startHandsSite, type HandsSite } from '../../../fixtures/hands-site.ts'

let site: HandsSite

beforeAll(async () => {
  site = await startHandsSite()
})
afterAll(() => site.stop())

const partsIn = (folder: string): string[] => readdirSync(folder).filter((name) => !name.startsWith('downloads.json'))

describe('a limit', () => {
  let chromium: TestChromium
  beforeAll(async () => {
    chromium = await startChromium()
  })
  afterAll(() => chromium.stop())

  async function downloading(limits: { fileBytes: number; sessionBytes: number; files: number }) {
    const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-limits-'))
    const events: string[] = []
    const downloads = new SessionDownloads({ folder, clock: testClock(), limits })
    downloads.opened(
      () => [null],
      'allow',
      (kind) => void events.push(kind),
    )
    const cdp = await chromium.browser.target().createCDPSession()
    await downloads.watch(cdp)
    const page = await chromium.freshPage()
    const { id } = page.browserContext()
    if (id !== undefined) await downloads.include(id)
    onTestFinished(async () => {
      await page.close()
      await cdp.detach()
      // Its list may be on the way to the disk.
      await downloads.discard()
    })
    await page.goto(`${site.url}/files`)
    return { folder, events, downloads, page }
  }

  it('of one file ends it as soon as it is crossed, and nothing of it stays', async () => {
    const { folder, events, downloads, page } = await downloading({ fileBytes: 50_000, sessionBytes: 1_000_000, files: 10 })
    await page.click('#slow')
    await eventually('it is refused', () => downloads.list()[0]?.state === 'refused')
    expect(downloads.list()[0]).toMatchObject({ name: 'slow.bin', reason: 'It is larger than a session may keep' })
    expect(events).toEqual(['download-begun', 'download-blocked'])
    await eventually('nothing of it is left', () => partsIn(folder).length === 0)
    await page.click('#csv')
    await eventually('a small one arrives', () => downloads.list()[0]?.state === 'done')
    // The browser may have begun the file of the first after it was told to leave it.
    await eventually('it alone is there', () => partsIn(folder).join() === downloads.list()[0]?.id)
  })

  it('of all files counts what is there already, and room comes by removing', async () => {
    const { downloads, page } = await downloading({ fileBytes: 1_000_000, sessionBytes: 25, files: 10 })
    const state = () => downloads.list()[0]?.state
    await page.click('#csv')
    await eventually('the first fits', () => state() === 'done')
    await page.click('#csv')
    await eventually('the second does not', () => downloads.list().length === 2 && state() === 'refused')
    for (const { id } of downloads.list()) await downloads.remove(id)
    await page.click('#csv')
    await eventually('it fits again', () => state() === 'done')
  })

  it('of their number makes the oldest give way, with its file', async () => {
    const { folder, downloads, page } = await downloading({ fileBytes: 1_000, sessionBytes: 10_000, files: 2 })
    const ids = new Set<string>()
    for (let count = 1; count <= 3; count += 1) {
      await page.click('#csv')
      await eventually(`number ${count} has arrived`, () => {
        const [latest] = downloads.list()
        return latest?.state === 'done' && !ids.has(latest.id) && ids.add(latest.id)
      })
    }
    expect(downloads.list().map(({ id }) => id)).toEqual([...ids].slice(1).reverse())
    await eventually('two files are left', () => partsIn(folder).length === 2)
  })
})

it('the list of a session that ends while it is written is told whole to the next server', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-list-'))
  onTestFinished(() => rm(folder, { recursive: true, maxRetries: 3 }))
  const clock = testClock()
  const downloads = new SessionDownloads({ folder, clock })
  const unfinished = join(folder, 'downloads.json.tmp')
  await downloads.add('picture.png', 'https://site.test/picture.png', Buffer.from('picture'))
  // Its list is being written: there until it takes the place of the one before.
  writeFileSync(unfinished, '')
  downloads.ended()
  await eventually('what was under way is written', () => !existsSync(unfinished))
  await eventually('it is known when the session ended', () => new SessionDownloads({ folder, clock }).endedAt === clock.now())
})

it('a download that moves keeps its session awake; one that stands still is told as lost, and what has arrived is there asleep and woken', async () => {
  const clock = testClock()
  const served = await serveBrowsers({ clock, room: { upkeep: { tick: 3_600_000, pingEvery: 86_400_000 } } })
  onTestFinished(() => served.stop())
  const id: string = (await served.open(1)).body.session_id
  const path = `/v1/browser-sessions/${id}/downloads`
  const listed = async (): Promise<{ id: string; name: string; state: string; reason: string | null; receivedBytes: number }[]> =>
    (await served.get(path)).body.downloads
  const page = served.room.service.get(id).page()
  await page.goto(`${site.url}/files`)
  await page.click('#csv')
  await eventually('it has arrived', async () => (await listed())[0]?.state === 'done')
  await page.click('#slow')
  await eventually('another arrives', async () => (await listed())[0]?.receivedBytes === 100_000)
  for (const received of [120_000, 140_000]) {
    clock.advance(9 * 60_000)
    site.goOnSlowly()
    await eventually('it goes on', async () => (await listed())[0]?.receivedBytes === received)
  }
  served.room.service.runUpkeep()
  expect([served.room.service.get(id).live, served.room.service.nextEvicted()]).toEqual([true, null])
  expect(await served.post(`/v1/browser-sessions/${id}/hibernate`)).toMatchObject({
    status: 409,
    body: { error: 'a download is using this session' },
  })
  clock.advance(11 * 60_000)
  served.room.service.runUpkeep()
  await eventually('it sleeps', async () => (await served.get(`/v1/browser-sessions/${id}`)).body.session.state === 'hibernated')
  const asleep = await listed()
  expect(asleep).toMatchObject([
    { name: 'slow.bin', state: 'failed', reason: 'The session ended' },
    { name: 'containers-north.csv', state: 'done' },
  ])
  const file = `${path}/${asleep[1]?.id}`
  expect(String((await served.get(file)).body)).not.toBe('')
  const folder = join(served.context.dataDir, 'browsers', 'downloads', id)
  await eventually('no part is left', () => partsIn(folder).join() === asleep[1]?.id)

  expect((await served.open(1)).body).toMatchObject({ session_id: id, is_new: false })
  expect(await listed()).toEqual(asleep)
  const woken = served.room.service.get(id).page()
  await woken.goto(`${site.url}/files`)
  await woken.click('#csv')
  await eventually('one more arrives', async () => (await listed())[0]?.state === 'done')
  expect(await listed()).toHaveLength(3)
  expect((await served.get(file)).status).toBe(200)
})
