import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { serveBrowsers, type ServedBrowsers } from '../../fakes/served-browsers.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { exampleContainer, unbookedContainer } from '../../fixtures/portal/containers.ts'

const run = promisify(execFile)
const isoWithMilliseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const allMissing = { success: false, error: 'Missing required fields: username, password, captcha_api_key' }

let served: ServedBrowsers

beforeAll(async () => {
  served = await serveBrowsers()
})
afterEach(async () => {
  served.portal.delay = 0
  for (const { id } of served.room.service.list()) await served.remove(`/sessions/${id}`)
})
afterAll(() => served.stop())

describe('the published contract', () => {
  it('opens a session, finds it again, lists it and closes it, with every field of the document', async () => {
    const logins = served.portal.logins
    const first = await served.open(1)
    expect(first).toEqual({
      status: 200,
      body: {
        success: true,
        session_id: expect.stringMatching(/^session_\d{10}_\d{10}/),
        is_new: true,
        username: 'user1',
        created_at: expect.stringMatching(isoWithMilliseconds),
        expires_at: null,
        message: 'New persistent session created',
      },
    })
    const id = first.body.session_id

    const again = await served.open(1)
    expect(again.body).toEqual({ ...first.body, is_new: false, message: 'Using existing persistent session' })
    expect(served.portal.logins).toBe(logins + 1)

    const list = await served.get('/sessions')
    expect(list).toEqual({
      status: 200,
      body: {
        active_sessions: 1,
        sessions: [
          {
            session_id: id,
            username: 'user1',
            created_at: first.body.created_at,
            last_used: expect.stringMatching(isoWithMilliseconds),
            keep_alive: true,
            current_url: `${served.portal.url}/containers`,
          },
        ],
      },
    })
    expect(Date.parse(list.body.sessions[0].last_used)).toBeGreaterThan(Date.parse(first.body.created_at))
    expect((await served.get('/health')).body).toMatchObject({
      status: 'healthy',
      active_sessions: 1,
      max_sessions: 10,
      session_capacity: '1/10',
      persistent_sessions: 1,
    })

    expect(await served.remove(`/sessions/${id}`)).toEqual({ status: 200, body: { success: true, message: `Session ${id} closed` } })
    expect((await served.get('/sessions')).body).toEqual({ active_sessions: 0, sessions: [] })
    expect(await served.remove(`/sessions/${id}`)).toEqual({ status: 404, body: { success: false, error: 'Session not found' } })
  })

  it('logs in once when twenty requests for the same user arrive at once, and calls exactly one of them new', async () => {
    const logins = served.portal.logins
    const replies = await Promise.all(Array.from({ length: 20 }, () => served.open(2)))
    expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(new Set(replies.map(({ body }) => body.session_id)).size).toBe(1)
    expect(replies.filter(({ body }) => body.is_new)).toHaveLength(1)
    expect(served.portal.logins).toBe(logins + 1)
    expect((await served.get('/sessions')).body.active_sessions).toBe(1)
  })

  it('answers a refused login with 401 and the words of the site, to every caller, and keeps nothing', async () => {
    const wrong = { username: 'user1', password: 'wrong', captcha_api_key: 'unused' }
    const replies = await Promise.all([served.post('/get_session', wrong), served.post('/get_session', wrong)])
    for (const reply of replies)
      expect(reply).toEqual({
        status: 401,
        body: { success: false, error: 'Authentication failed', details: 'Wrong user name or password' },
      })
    expect((await served.get('/sessions')).body.active_sessions).toBe(0)
    expect(JSON.stringify(served.context.emitted)).not.toContain('"wrong"')
    await eventually('the browser is gone', () => served.room.service.ended().every(({ state }) => state === 'closed'))
  })

  it('can delete a session during its login; the login then answers that it was closed', async () => {
    served.portal.delay = 20_000
    const asked = served.portal.requests.length
    const opening = served.open(3)
    const listed = await eventually('the session is listed while it logs in', async () => (await served.get('/sessions')).body.sessions[0])
    await eventually('the login page was asked for', () => served.portal.requests.slice(asked).includes('GET /login'))
    expect(await served.remove(`/sessions/${listed.session_id}`)).toMatchObject({ status: 200 })
    expect(await opening).toMatchObject({ status: 500, body: { success: false, error: 'The session ended: Closed by request' } })
    expect((await served.get('/sessions')).body.active_sessions).toBe(0)
  })

  it('names missing fields as the document does and refuses what is malformed', async () => {
    const good = { username: 'u', password: 'p', captcha_api_key: 'k' }
    expect(await served.post('/get_session', {})).toEqual({ status: 400, body: allMissing })
    expect(await served.post('/get_session', { username: 'u', password: 'p' })).toEqual({ status: 400, body: allMissing })
    expect(await served.post('/get_session', [])).toMatchObject({ status: 400, body: { success: false } })
    expect(await served.post('/get_session', { ...good, username: 7 })).toMatchObject({
      status: 400,
      body: { success: false, error: expect.stringContaining('username') },
    })
    expect(await served.post('/get_session', { ...good, password: 'x'.repeat(5_000) })).toMatchObject({
      status: 400,
      body: { success: false },
    })
    // One plain sentence for each field, whatever is wrong with it.
    expect((await served.post('/get_session', { ...good, username: '', password: [] })).body.error).toBe(
      'Invalid fields: username (must not be empty), password (must be a text)',
    )
    const broken = await fetch(`${served.url}/get_session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"username": ',
    })
    expect([broken.status, await broken.json()]).toMatchObject([400, { success: false }])
    const large = await fetch(`${served.url}/get_session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...good, more: 'x'.repeat(5_000_000) }),
    })
    expect([large.status, await large.json()]).toMatchObject([413, { success: false }])
    expect((await served.get('/sessions')).body.active_sessions).toBe(0)
  })

  it('answers 404 to ids that are unknown, malformed or full of tricks', async () => {
    for (const id of [
      'session_1704623456_1234567890',
      'x',
      '..%2f..%2fetc%2fpasswd',
      '%00',
      'session_1704623456_1234567890%2f..',
      "session_1'--",
    ]) {
      expect(await served.remove(`/sessions/${id}`)).toEqual({ status: 404, body: { success: false, error: 'Session not found' } })
      expect((await served.get(`/v1/browser-sessions/${id}`)).status).toBe(404)
    }
  })

  it('reads a booking number through a named session, through credentials, and says when there is none', async () => {
    const id = (await served.open(4)).body.session_id
    const credentials = { username: 'user4', password: 'harbor-demo', captcha_api_key: 'unused' }
    const named = await served.post('/get_booking_number', { session_id: id, container_id: exampleContainer })
    expect(named).toEqual({
      status: 200,
      body: { success: true, session_id: id, is_new_session: false, container_id: exampleContainer, booking_number: 'BK-88210' },
    })
    expect(
      (
        await served.post('/get_booking_number', {
          session_id: 'session_1704623456_1234567890',
          ...credentials,
          container_id: unbookedContainer,
        })
      ).body,
    ).toMatchObject({
      success: true,
      session_id: id,
      is_new_session: false,
      booking_number: null,
    })

    expect(
      await served.post('/get_booking_number', { session_id: 'session_1704623456_1234567890', container_id: exampleContainer }),
    ).toEqual({
      status: 400,
      body: { success: false, error: 'Missing required fields: username, password, captcha_api_key (or valid session_id)' },
    })
    expect((await served.post('/get_booking_number', { username: 'user4', container_id: exampleContainer })).body.error).toBe(
      'Missing required fields: password, captcha_api_key (or valid session_id)',
    )
    expect(await served.post('/get_booking_number', { session_id: id })).toMatchObject({
      status: 400,
      body: { error: 'Missing required fields: container_id' },
    })

    await served.remove(`/sessions/${id}`)
    const fresh = await served.post('/get_booking_number', { ...credentials, container_id: exampleContainer })
    expect(fresh.body).toMatchObject({ success: true, is_new_session: true, booking_number: 'BK-88210' })
    expect(served.room.service.get(fresh.body.session_id).leases.count).toBe(0)
  })

  it("serves the document's own curl and Python calls as they are written", async () => {
    const body = JSON.stringify({ username: 'user5', password: 'harbor-demo', captcha_api_key: 'your_2captcha_api_key' })
    const created = JSON.parse(
      (await run('curl', ['-s', '-X', 'POST', `${served.url}/get_session`, '-H', 'Content-Type: application/json', '-d', body])).stdout,
    )
    expect(created).toMatchObject({ success: true, is_new: true })
    const python = `
import json, sys
from http.client import HTTPConnection
host, body = sys.argv[1], json.loads(sys.argv[2])
def call(method, path, data=None):
    connection = HTTPConnection(host)
    connection.request(method, path, json.dumps(data) if data else None, {'Content-Type': 'application/json'} if data else {})
    return json.load(connection.getresponse())
session = call('POST', '/get_session', body)
booking = call('POST', '/get_booking_number', {'session_id': session['session_id'], 'container_id': '${exampleContainer}'})
sessions = call('GET', '/sessions')
closed = call('DELETE', '/sessions/' + session['session_id'])
print(json.dumps([session['is_new'], booking['booking_number'], sessions['active_sessions'], closed['message']]))
`
    const { stdout } = await run('python3', ['-c', python, new URL(served.url).host, body])
    expect(JSON.parse(stdout)).toEqual([false, expect.any(String), 1, `Session ${created.session_id} closed`])
  })
})
