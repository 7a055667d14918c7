import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { StartTimer } from '../../../../server/async/deadline.ts'
import type { SessionEvent } from '../../../../server/browsers/contract/index.ts'
import { patientTimer, serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { inWords } from '../../../fakes/words.ts'

const pingTimeout = 4_000
/** Questions whether a browser answers, still unanswered. They are late when the test says so: a busy machine is no silent browser. */
const unanswered = new Set<() => void>()
const startTimer: StartTimer = (ms, late) => {
  if (ms !== pingTimeout) return patientTimer(ms, late)
  unanswered.add(late)
  return () => void unanswered.delete(late)
}
let served: ServedBrowsers

beforeAll(async () => {
  served = await serveBrowsers({ room: { upkeep: { tick: 50, pingEvery: 200, pingTimeout }, startTimer } })
})
afterEach(async () => {
  served.portal.delay = 0
  for (const { id } of served.room.service.list()) await served.remove(`/sessions/${id}`)
})
afterAll(() => served.stop())

const profiles = (): string[] => readdirSync(join(served.context.dataDir, 'browsers', 'profiles'))
const open = async (user: number): Promise<{ id: string; pid: number }> => {
  const id: string = (await served.open(user)).body.session_id
  return { id, pid: served.room.service.get(id).browser.running?.pid ?? 0 }
}
const detail = async (id: string) => (await served.get(`/v1/browser-sessions/${id}`)).body

describe('a browser in trouble', () => {
  it('is seen when it dies, says why, leaves no directory, and can be opened again', async () => {
    const { id, pid } = await open(1)
    const seen = new Promise((resolve) => served.room.service.get(id).onEnd(resolve))
    process.kill(pid, 'SIGKILL')
    await seen
    expect((await served.get('/sessions')).body.active_sessions).toBe(0)
    const { session, events } = await detail(id)
    expect(session).toMatchObject({ endReason: 'crashed', reason: 'The browser ended: killed by SIGKILL', leases: [] })
    const facts = { reason: 'crashed', said: session.reason }
    expect(events.at(-1)).toMatchObject({ kind: 'session-crashed', tone: 'bad', text: session.reason, facts })
    expect(served.context.emitted.at(-1)).toMatchObject({
      room: 'browsers',
      type: 'session-crashed',
      subject: 'user1',
      data: { session: id, profile: 'harbor-gate', text: session.reason, ...facts },
    })
    expect(inWords(served.room.attention())).toMatchObject([{ action: 'restart-session', subject: id, text: session.reason }])
    await eventually('its directory is gone', () => profiles().length === 0)

    const restarted = await served.post(`/v1/browser-sessions/${id}/restart`)
    expect(restarted).toMatchObject({ status: 202, body: { isNew: true, session: { username: 'user1', state: 'starting' } } })
    await eventually('it is logged in again', async () => (await detail(restarted.body.session.id)).session.state === 'ready')
    expect(served.room.attention()).toEqual([])
  })

  it('that hangs leaves the list complete, is shown as not responding, recovers, and can be closed while it hangs', async () => {
    const { id, pid } = await open(1)
    await open(2)
    process.kill(pid, 'SIGSTOP')
    for (let call = 0; call < 20; call += 1) expect((await served.get('/sessions')).body.active_sessions).toBe(2)
    await eventually('it is shown as not responding', async () => {
      for (const late of unanswered) late()
      return (await detail(id)).session.state === 'not-responding'
    })
    expect((await detail(id)).session).toMatchObject({
      reason: 'The browser does not answer',
      currentUrl: `${served.portal.url}/containers`,
    })
    expect((await served.get('/sessions')).body.sessions).toHaveLength(2)

    process.kill(pid, 'SIGCONT')
    await eventually('it answers again', async () => (await detail(id)).session.state === 'ready')

    process.kill(pid, 'SIGSTOP')
    expect((await served.remove(`/sessions/${id}`)).status).toBe(200)
    expect(existsSync(`/proc/${pid}`)).toBe(false)
    expect(profiles()).toHaveLength(1)
  })

  it('answers a call that waits for it when it dies during the login', async () => {
    served.portal.delay = 600_000
    const opening = served.open(5)
    const pid = await eventually('the login has begun', () => {
      const [session] = served.room.service.list()
      return session?.state === 'signing-in' ? session.browser.running?.pid : null
    })
    process.kill(pid, 'SIGKILL')
    expect(await opening).toMatchObject({ status: 500, body: { success: false, error: expect.stringContaining('killed by SIGKILL') } })
  })
})

describe('what a page may do', () => {
  it('popups are refused and recorded, a link to a new page opens one, and both leave the session usable', async () => {
    const { id } = await open(1)
    const session = served.room.service.get(id)
    const page = session.page()
    await page.setContent(
      '<a id="link" href="/myappointments" target="_blank">Appointments</a><button id="popup" onclick="window.open(\'/returns\')">Returns</button>',
    )
    await page.click('#popup')
    await eventually('the popup is recorded', () => session.events().some(({ kind }) => kind === 'popup-blocked'))
    expect(await page.evaluate(() => window.open('/returns'))).toBeNull()
    expect(session.browser.running?.puppeteer.targets().filter((target) => target.url().endsWith('/returns'))).toEqual([])
    expect(session.pages.list()).toHaveLength(1)

    await page.click('#link')
    await eventually('the link has opened a page', () => session.pages.active()?.url.endsWith('/myappointments'))
    const { pages, title, currentUrl } = await eventually('its title is known', async () => {
      const { session: view } = await detail(id)
      return view.title.includes('ppointments') && view
    })
    expect(pages.map(({ active }: { active: boolean }) => active)).toEqual([false, true])
    expect([title, currentUrl]).toEqual([expect.stringContaining('ppointments'), `${served.portal.url}/myappointments`])
    await session.page().close()
    await eventually(
      'the first page is in front again',
      async () => (await detail(id)).session.pages.length === 1 && session.pages.active()?.page === page,
    )
  })

  it('local files and the pages of the browser itself are refused, and so are downloads where they are not allowed', async () => {
    const { id } = await open(1)
    const page = served.room.service.get(id).page()
    await expect(page.goto('file:///etc/passwd')).rejects.toThrow('ERR_BLOCKED_BY_ADMINISTRATOR')
    for (const address of ['file:///etc/passwd', 'chrome://version', 'javascript:alert(1)', 'ftp://127.0.0.1/']) {
      expect((await served.post(`/v1/browser-sessions/${id}/navigate`, { address })).status).toBe(400)
    }
    await served.room.service.get(id).downloads.setPolicy('deny')
    await page.goto(`${served.portal.url}/containers.csv`).catch(() => {})
    await eventually('the download is refused', async () =>
      (await detail(id)).events.some(
        ({ kind, text }: SessionEvent) => kind === 'download-blocked' && text === 'Download of containers.csv refused',
      ),
    )
  })

  it('is driven by the native routes: navigate, go back, take a picture', async () => {
    const { id } = await open(1)
    const at = (path: string) =>
      eventually(`it is at ${path}`, async () => (await detail(id)).session.currentUrl === `${served.portal.url}${path}`)
    expect((await served.post(`/v1/browser-sessions/${id}/navigate`, { address: `${served.portal.url}/holds` })).status).toBe(204)
    await at('/holds')
    expect((await served.post(`/v1/browser-sessions/${id}/navigate`, { action: 'back' })).status).toBe(204)
    await at('/containers')
    const picture = await served.get(`/v1/browser-sessions/${id}/screenshot`)
    expect([picture.status, Buffer.from(picture.body).subarray(1, 4).toString()]).toEqual([200, 'PNG'])
    await eventually('its memory is measured, and that of its processes', async () => {
      const { memoryBytes, processCount } = (await detail(id)).session
      return memoryBytes > 20_000_000 && processCount > 3
    })
  })

  it('goes back from a page that has just come, or has not come yet, to the one where it was asked for', async () => {
    const { id } = await open(1)
    const go = async (where: object) =>
      expect(await served.post(`/v1/browser-sessions/${id}/navigate`, where)).toMatchObject({ status: 204 })
    const isAt = async (path: string) => (await detail(id)).session.currentUrl === `${served.portal.url}${path}`
    for (let round = 0; round < 15; round += 1) {
      await go({ address: `${served.portal.url}/holds` })
      await go({ action: 'back' })
      await eventually(`round ${round} ends where it began`, () => isAt('/containers'))
    }
    served.portal.delay = 20_000
    await go({ address: `${served.portal.url}/holds` })
    await go({ action: 'back' })
    await eventually('the page that is still there is shown', () => isAt('/containers'))
    served.portal.delay = 0
    await go({ action: 'reload' })
    expect(await isAt('/containers')).toBe(true)
    await go({ action: 'forward' })
  })

  it('answers with a picture, or in words, while its page changes all the time', async () => {
    const { id } = await open(1)
    const page = served.room.service.get(id).page()
    const restless = (async () => {
      for (let round = 0; round < 12; round += 1) await page.goto(`${served.portal.url}/${round % 2 ? 'holds' : 'containers'}`)
    })()
    const pictures = (async () => {
      for (let round = 0; round < 8; round += 1) expect((await served.get(`/v1/browser-sessions/${id}/screenshot`)).status).toBe(200)
    })()
    await Promise.all([restless, pictures])

    const asked = served.get(`/v1/browser-sessions/${id}/screenshot`)
    await served.remove(`/sessions/${id}`)
    const { status, body } = await asked
    // Whichever came first; never a fault without a name.
    expect(status === 200 || body.error !== 'Internal server error').toBe(true)
  })

  it('can be watched over a WebSocket, which ends with the session and is refused for one that is not there', async () => {
    const { id } = await open(1)
    const watch = (session: string) =>
      new WebSocket(`${served.url.replace('http', 'ws')}/v1/browser-sessions/${session}/view`, {
        headers: { 'x-api-key': 'a-key-for-tests' },
      })
    const view = watch(id)
    const frames: Buffer[] = []
    const notices: { type: string; reason?: string }[] = []
    view.on('message', (data: Buffer, isBinary) => void (isBinary ? frames.push(data) : notices.push(JSON.parse(data.toString()))))
    await once(view, 'open')
    view.send(JSON.stringify({ type: 'visible', visible: true, maxWidth: 640, maxHeight: 400 }))
    const frame = await eventually('a picture has come', () => frames[0])
    expect([frame.readUInt32BE(4), frame.subarray(16, 18).toString('hex')]).toEqual([1_280, 'ffd8'])
    view.send(JSON.stringify({ type: 'take-over' }))
    await eventually('it is taken over', async () => (await detail(id)).session.state === 'taken-over')
    const closed = once(view, 'close')
    await served.remove(`/v1/browser-sessions/${id}`)
    await closed
    expect(notices.at(-1)).toMatchObject({ type: 'ended', reason: 'Closed by request' })

    expect((await once(watch(id), 'close'))[0]).toBe(4_404)
    const refused = watch('session_1704623456_1234567890')
    const [, answer] = await once(refused, 'unexpected-response')
    expect(answer.statusCode).toBe(404)
    // It says that it never was open.
    refused.on('error', () => undefined)
    refused.terminate()
  })

  it('runs on a Chromium whose state and whereabouts can be asked for', async () => {
    expect(await served.post('/v1/chromium/find')).toMatchObject({
      status: 200,
      body: { state: 'ready', version: expect.any(String), path: expect.any(String), progress: null },
    })
    expect((await served.get('/v1/chromium')).body).toMatchObject({ state: 'ready' })
  })
})
