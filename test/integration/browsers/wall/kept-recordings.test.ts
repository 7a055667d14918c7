import { mkdtempSync, rmSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSignal } from '../../../../server/async/signal.ts'
import { systemClock } from '../../../../server/clock.ts'
import { aviOf } from '../../../../server/browsers/recording/avi.ts'
import { picturesOf } from '../../../../server/browsers/recording/kept-recording.ts'
import { readIndex } from '../../../../server/browsers/recording/recording-file.ts'
import { Recordings, type RecordedSession } from '../../../../server/browsers/recording/recordings.ts'
import { eventually } from '../../../fixtures/eventually.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'wheelhouse-recordings-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The head of a JPEG of 320 × 200, made as long as wanted. */
const jpeg = (bytes: number): Buffer =>
  Buffer.concat([Buffer.from('ffd8ffc0001108', 'hex'), Buffer.from([0, 200, 1, 64]), Buffer.alloc(bytes - 11)])

/** A session whose page draws when the test says so. */
function drawing(id: string) {
  const cdp = Object.assign(new EventEmitter(), { send: () => Promise.resolve({}), detach: () => Promise.resolve() })
  const page = { id: 'A', url: '', title: '', page: { createCDPSession: () => Promise.resolve(cdp) } }
  const ended = createSignal<[reason: string]>()
  const told: string[] = []
  let current: { id: string; startedAt: string } | null = null
  const session = {
    ...{ id, credentials: { username: id }, profile: { name: 'site' }, makers: new Set(['owner']), live: true },
    pages: { active: () => page, onChange: () => () => undefined },
    onEnd: (listener: (reason: string) => void) => ended.subscribe(listener),
    recording: {
      get current() {
        return current
      },
      begun: (now: { id: string; startedAt: string }) => (current = now),
      over: () => (current = null),
      ended: ({ why }: { why: string }) => {
        current = null
        told.push(why)
      },
    },
  } as unknown as RecordedSession // what a recording asks of a session, and no more
  const draw = async (bytes: number): Promise<void> => {
    await eventually('it listens', () => cdp.listenerCount('Page.screencastFrame') > 0)
    const data = jpeg(bytes).toString('base64')
    cdp.emit('Page.screencastFrame', { data, sessionId: 1, metadata: { deviceWidth: 320, deviceHeight: 200 } })
  }
  return { session, draw, told }
}

const recordingsOf = (mostBytes: number): Recordings =>
  new Recordings({ folder, clock: systemClock, mostBytes: () => mostBytes, longest: () => 60_000, changed: () => undefined })

async function record(recordings: Recordings, name: string, bytes: number): Promise<string> {
  const { session, draw } = drawing(name)
  const { id } = await recordings.begin(session, 'owner')
  await draw(bytes)
  await eventually('it is on the disk', () => recordings.view(recordings.get(id)).frames === 1)
  await recordings.end(session, 'owner')
  return id
}

it('lets the oldest recordings go where a newer one needs the room', async () => {
  const recordings = recordingsOf(25_000)
  const [first, second, third] = [
    await record(recordings, 'a', 10_000),
    await record(recordings, 'b', 10_000),
    await record(recordings, 'c', 10_000),
  ]
  expect(recordings.list().map(({ id }) => id)).toEqual([third, second])
  await eventually('its files are gone', async () =>
    readIndex(picturesOf(folder, first)).then(
      () => false,
      () => true,
    ),
  )
})

it('ends a recording for which nothing is left to make room, and says so', async () => {
  const recordings = recordingsOf(25_000)
  const { session, draw, told } = drawing('a')
  await recordings.begin(session, 'owner')
  await draw(30_000)
  await eventually('it has ended', () => told.length > 0)
  expect(told).toEqual(['no-room'])
})

it('finds after a crash all but the picture that was being written', async () => {
  const recordings = recordingsOf(1_000_000)
  const id = await record(recordings, 'a', 10_000)
  await appendFile(picturesOf(folder, id), Buffer.from('000003e8000027100000', 'hex'))
  expect(await readIndex(picturesOf(folder, id))).toHaveLength(1)
})

it('makes a film in which a page that stood still stays as it was', async () => {
  const frames = [
    { at: 100, offset: 0, bytes: 1_001 },
    { at: 1_000, offset: 1_001, bytes: 500 },
    { at: 1_050, offset: 1_501, bytes: 600 },
  ]
  const source = Buffer.concat([jpeg(1_001), jpeg(500), jpeg(600)])
  const film = await aviOf(frames, 2_000, (offset, bytes) => Promise.resolve(source.subarray(offset, offset + bytes)))
  const pieces: Buffer[] = []
  for await (const piece of film.pieces()) pieces.push(piece)
  const video = Buffer.concat(pieces)
  expect(video.length).toBe(film.bytes)
  expect(video.readUInt32LE(4) + 8).toBe(video.length)
  const movie = video.indexOf('movi')
  const index = video.indexOf('idx1', movie)
  const entries = Array.from({ length: video.readUInt32LE(index + 4) / 16 }, (_, entry) => {
    const at = index + 8 + entry * 16
    return { offset: video.readUInt32LE(at + 8), bytes: video.readUInt32LE(at + 12) }
  })
  // Five a second for two seconds; of the two in the sixth tick the later one counts.
  expect(entries.map(({ bytes }) => bytes)).toEqual([1_001, 0, 0, 0, 0, 600, 0, 0, 0, 0])
  for (const { offset, bytes } of entries)
    expect([video.toString('latin1', movie + offset, movie + offset + 4), video.readUInt32LE(movie + offset + 4)]).toEqual(['00dc', bytes])
})
