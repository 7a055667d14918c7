import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RecordingView } from '../../../../server/browsers/contract/recording.ts'
import { startServer, type ServerProcess } from '../../../fakes/server-process.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { startPaintedSite, type PaintedSite } from './painted-site.ts'

let house: ServerProcess
let site: PaintedSite
const keys: Record<string, string> = {}

beforeAll(async () => {
  site = await startPaintedSite()
  house = await startServer()
  await house.call('/control/v1/site-profiles/painted', { method: 'PUT', json: { title: 'Painted', kind: 'none', address: site.address } })
  for (const name of ['mine', 'theirs']) {
    const made = await house.call('/control/v1/keys', { method: 'POST', json: { name, rights: ['browsers:use'] } })
    keys[name] = ((await made.json()) as { secret: string }).secret
  }
})
afterAll(async () => {
  await house.dispose()
  await site.stop()
})

async function call(method: string, path: string, key = keys['mine'] ?? '', body?: object): Promise<Response> {
  return fetch(`${house.ready.control.url}/browsers/v1${path}`, {
    method,
    headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

async function open(username: string): Promise<string> {
  await eventually('the page before it has gone', () => site.pages === 0)
  const { session } = (await (await call('POST', '/browser-sessions', undefined, { profile: 'painted', username })).json()) as {
    session: { id: string }
  }
  await eventually('its page listens', async () => {
    const answer = (await (await call('GET', `/browser-sessions/${session.id}`)).json()) as { session: { state: string } }
    return site.pages > 0 && answer.session.state === 'ready'
  })
  return session.id
}

const json = async <Body>(answer: Promise<Response>): Promise<Body> => (await (await answer).json()) as Body
const framesOf = (id: string) =>
  json<{ recording: RecordingView; times: number[]; lengthMs: number }>(call('GET', `/browser-recordings/${id}`))
async function grownTo(id: string, frames: number): Promise<void> {
  await eventually(`${frames} pictures`, async () => (await framesOf(id)).times.length >= frames)
}
async function paint(id: string, colour: string): Promise<void> {
  const before = (await framesOf(id)).times.length
  site.paint(colour)
  await grownTo(id, before + 1)
}

it('records what a session shows when it changes, for its owner alone, as pictures and as a film', async () => {
  const session = await open('first')
  const begun = await call('POST', `/browser-sessions/${session}/recording`)
  expect(begun.status).toBe(201)
  const { id } = (await begun.json()) as RecordingView
  expect((await call('POST', `/browser-sessions/${session}/recording`)).status).toBe(409)
  expect(await json(call('GET', `/browser-sessions/${session}`))).toMatchObject({ session: { recording: { id } } })
  await grownTo(id, 1)
  for (const colour of ['rgb(200, 0, 0)', 'rgb(0, 200, 0)']) await paint(id, colour)
  const stopped = await json<RecordingView>(call('DELETE', `/browser-sessions/${session}/recording`))
  expect(stopped).toMatchObject({ id, session, username: 'first', why: 'stopped' })
  expect((await call('DELETE', `/browser-sessions/${session}/recording`)).status).toBe(404)

  const { times, lengthMs } = await framesOf(id)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(lengthMs).toBeGreaterThanOrEqual(times.at(-1) ?? 0)
  const records = Buffer.from(await (await call('GET', `/browser-recordings/${id}/frames?from=1&count=1`)).arrayBuffer())
  expect(records.readUInt32BE(0)).toBe(times[1])
  const jpeg = records.subarray(8, 8 + records.readUInt32BE(4))
  expect([jpeg.subarray(0, 2).toString('hex'), jpeg.subarray(-2).toString('hex')]).toEqual(['ffd8', 'ffd9'])

  const film = await call('GET', `/browser-recordings/${id}/video`)
  const video = Buffer.from(await film.arrayBuffer())
  expect(film.headers.get('content-disposition')).toContain('first-')
  expect([video.toString('latin1', 0, 4), video.readUInt32LE(4) + 8]).toEqual(['RIFF', video.length])
  expect(video.includes(jpeg)).toBe(true)

  expect(await json(call('GET', '/browser-recordings', keys['theirs']))).toMatchObject({ recordings: [] })
  for (const path of ['', '/frames', '/video'])
    expect((await call('GET', `/browser-recordings/${id}${path}`, keys['theirs'])).status).toBe(404)
  expect((await call('DELETE', `/browser-recordings/${id}`, keys['theirs'])).status).toBe(404)

  const { events } = await json<{ events: { kind: string }[] }>(call('GET', `/browser-sessions/${session}`))
  expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['recording-begun', 'recording-ended']))
  expect((await call('DELETE', `/browser-recordings/${id}`)).status).toBe(204)
  expect((await call('GET', `/browser-recordings/${id}`)).status).toBe(404)
  await call('DELETE', `/browser-sessions/${session}`)
})

it('ends with the session and stays when that has gone', async () => {
  const session = await open('second')
  const { id } = await json<RecordingView>(call('POST', `/browser-sessions/${session}/recording`))
  await grownTo(id, 1)
  await call('DELETE', `/browser-sessions/${session}`)
  const { recording } = await eventually('it has ended', async () => {
    const now = await framesOf(id)
    return now.recording.endedAt === null ? null : now
  })
  expect(recording).toMatchObject({ why: 'session-ended', username: 'second' })
})

it('can be played up to the moment in which the server was killed', async () => {
  const session = await open('third')
  const { id } = await json<RecordingView>(call('POST', `/browser-sessions/${session}/recording`))
  await grownTo(id, 1)
  await paint(id, 'rgb(0, 0, 200)')
  const before = await framesOf(id)
  await house.end('SIGKILL')
  house = await startServer({ dataDir: house.dataDir })

  const after = await framesOf(id)
  expect(after.times.slice(0, before.times.length)).toEqual(before.times)
  expect(after.recording).toMatchObject({ why: 'server-ended', session })
  expect((await call('GET', `/browser-recordings/${id}/video`)).status).toBe(200)
  const folder = join(house.dataDir, 'browsers', 'recordings', id)
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077).toBe(0)
})
