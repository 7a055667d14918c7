import { afterEach, describe, expect, it } from 'vitest'
import RecordingsList from '../../../../renderer/pages/browsers/recording/recordings-list.vue'
import { frameAt, readRecords, RecordingReader } from '../../../../renderer/pages/browsers/recording/recording-reader.ts'
import SessionPage from '../../../../renderer/pages/browsers/session/session-page.vue'
import type { RecordingView } from '../../../../server/browsers/contract/index.ts'
import { reply } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { session } from './sample-session.ts'

const recording: RecordingView = {
  ...{
    id: 'recording_0a1b2c3d-0000-4000-8000-000000000000',
    session: 'session_1795246249_3886465173-a',
    username: 'user1',
    profile: 'harbor-gate',
  },
  ...{ startedAt: '2026-11-21T07:30:00.000Z', endedAt: '2026-11-21T07:31:05.000Z', why: 'no-room', frames: 120, bytes: 4_200_000 },
}

/** Records as the server sends them. */
function records(...pictures: number[][]): Uint8Array {
  const parts = pictures.map((bytes, index) => [0, 0, 0, index, 0, 0, 0, bytes.length, ...bytes])
  return new Uint8Array(parts.flat())
}

describe('the pictures of a recording', () => {
  it('are the last up to the moment, and the first before any', () => {
    const times = [100, 400, 900]
    expect([0, 100, 399, 400, 5_000].map((ms) => frameAt(times, ms))).toEqual([0, 0, 0, 1, 2])
  })

  it('are read out of an answer, without one that was cut off', () => {
    const answer = records([1, 2], [3])
    expect(readRecords(answer).map((picture) => [...picture])).toEqual([[1, 2], [3]])
    expect(readRecords(answer.subarray(0, answer.length - 1))).toHaveLength(1)
  })

  it('are asked for together, once, and again where an answer was full before them', async () => {
    const asked: number[] = []
    const reader = new RecordingReader((from) => {
      asked.push(from)
      return Promise.resolve(from === 0 ? records([1], [2]) : records([9]))
    })
    expect([...((await reader.picture(0)) ?? [])]).toEqual([1])
    expect([...((await reader.picture(1)) ?? [])]).toEqual([2])
    expect([...((await reader.picture(2)) ?? [])]).toEqual([9])
    expect(asked).toEqual([0, 2])
  })
})

describe('recordings in the window', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  it('are listed with how long, how large and why they ended, and removed after their name was said', async () => {
    const server = standardServer()
      .on('GET /browsers/v1/browser-recordings', () => ({ recordings: [recording], bytes: 4_200_000, mostBytes: 1_000_000_000 }))
      .on(`DELETE /browsers/v1/browser-recordings/${recording.id}`, () => reply(204))
    mounted = await mountPage(RecordingsList, { server })
    for (const words of ['user1', '1:05', '4 MB', 'Until there was no more room', '4 MB of 1.0 GB']) expect(mounted.text()).toContain(words)
    await mounted.click('Remove the recording of user1')
    expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(false)
    ;[...document.querySelectorAll<HTMLButtonElement>('[role=dialog] button')]
      .find(({ textContent }) => textContent?.includes('user1'))
      ?.click()
    await settle()
    expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(true)
  })

  it('begin and end by one button, which is red meanwhile', async () => {
    let shown = session()
    const base = `/browsers/v1/browser-sessions/${shown.id}`
    const server = standardServer()
      .on('GET /browsers/v1/browser-sessions', () => ({ sessions: [shown], capacity: 10, nextEvicted: null, spareReady: false }))
      .on(`GET ${base}`, () => ({ session: shown, events: [] }))
      .on(`POST ${base}/recording`, () => {
        shown = session({ recording: { id: recording.id, startedAt: recording.startedAt } })
        return reply(201, recording)
      })
      .on(`DELETE ${base}/recording`, () => {
        shown = session()
        return recording
      })
    mounted = await mountPage(SessionPage, { server, path: `/browsers/${shown.id}` })
    await mounted.click('Record')
    expect(mounted.text()).toContain('Stop recording')
    const stop = [...document.querySelectorAll('button')].find(({ textContent }) => textContent?.includes('Stop recording'))
    stop?.click()
    await settle()
    expect(mounted.button('Record')).toBeTruthy()
  })
})
