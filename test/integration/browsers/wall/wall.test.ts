import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { startServer, type ServerProcess } from '../../../fakes/server-process.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { startPaintedSite, type PaintedSite } from './painted-site.ts'
import { WallClient } from './wall-client.ts'

let house: ServerProcess
let site: PaintedSite
let mine: string
let theirs: string
const keys: Record<string, string> = {}
const walls: WallClient[] = []

beforeAll(async () => {
  site = await startPaintedSite()
  house = await startServer()
  await house.call('/control/v1/site-profiles/wall', { method: 'PUT', json: { title: 'Wall', kind: 'none', address: site.address } })
  for (const name of ['mine', 'theirs']) {
    const made = await house.call('/control/v1/keys', { method: 'POST', json: { name, rights: ['browsers:use'] } })
    keys[name] = ((await made.json()) as { secret: string }).secret
  }
  ;[mine, theirs] = (await Promise.all(['mine', 'theirs'].map((name) => open(name)))) as [string, string]
  await eventually('both pages listen', () => site.pages === 2)
})
afterEach(() => {
  for (const wall of walls.splice(0)) wall.close()
})
afterAll(async () => {
  await house.dispose()
  await site.stop()
})

async function open(name: string): Promise<string> {
  const answer = await fetch(`${house.ready.control.url}/browsers/v1/browser-sessions`, {
    method: 'POST',
    headers: { 'x-api-key': keys[name] ?? '', 'content-type': 'application/json' },
    body: JSON.stringify({ profile: 'wall', username: name }),
  })
  return ((await answer.json()) as { session: { id: string } }).session.id
}

async function wallOf(key = house.token): Promise<WallClient> {
  const wall = await WallClient.open(house.ready.control.url, key)
  walls.push(wall)
  return wall
}

it('shows small pictures of many sessions over one socket, and new ones of those that change', async () => {
  const wall = await wallOf()
  wall.watch(mine, theirs)
  const tiles = [await wall.tileOf(mine), await wall.tileOf(theirs)]
  await eventually('a picture of each', () => tiles.every((tile) => wall.frames.some((frame) => frame.tile === tile)))
  const [first] = wall.frames
  expect(first?.jpeg.subarray(0, 2).toString('hex')).toBe('ffd8')
  expect(first?.jpeg.length).toBeLessThan(20_000)
  const before = wall.frames.length
  site.paint('rgb(0, 90, 200)')
  await eventually('another of each', () => tiles.every((tile) => wall.frames.slice(before).some((frame) => frame.tile === tile)))
})

it('sends nothing of what is out of sight, and what it looks like now once it is seen again', async () => {
  const wall = await wallOf()
  wall.watch(mine)
  const first = await wall.frameAfter(0)
  wall.watch()
  await wall.settled()
  const before = wall.frames.length
  site.paint('rgb(10, 120, 30)')
  await site.painted('rgb(10, 120, 30)', 2)
  await wall.settled()
  expect(wall.frames.length).toBe(before)
  wall.watch(mine)
  const tile = await eventually('a new tile', () => wall.notices.filter(({ type }) => type === 'tile')[1])
  // The page says that it is painted some time before that is drawn: one picture of before may come first.
  await eventually('its picture as it is now', () =>
    wall.frames.some((frame) => tile.type === 'tile' && frame.tile === tile.tile && !frame.jpeg.equals(first.jpeg)),
  )
})

it('lets the latest picture win where a client is slow to draw, and holds nobody else up', async () => {
  const [slow, quick] = [await wallOf(), await wallOf()]
  slow.draws = false
  slow.watch(mine)
  quick.watch(mine)
  await Promise.all([slow.frameAfter(0), quick.frameAfter(0)])
  for (const colour of ['rgb(200, 0, 0)', 'rgb(0, 200, 0)', 'rgb(0, 0, 200)']) {
    const before = quick.frames.at(-1)?.jpeg ?? Buffer.alloc(0)
    site.paint(colour)
    await site.painted(colour, 2)
    // Not just any picture: the one before may be drawn once more.
    await eventually(`the quick one shows ${colour}`, () => quick.frames.at(-1)?.jpeg.equals(before) === false)
  }
  await slow.settled()
  expect(slow.frames.length).toBe(1)
  slow.send({ type: 'drawn', tile: slow.frames[0]?.tile ?? 0, frame: 1 })
  const caughtUp = await slow.frameAfter(1)
  // The pictures in between were never sent: this one is the newest that anybody has.
  await eventually('it is the latest', () => quick.frames.at(-1)?.jpeg.equals(caughtUp.jpeg) ?? false)
})

it('shows a key its own sessions, and of another one as little as of none', async () => {
  const wall = await wallOf(keys['mine'])
  wall.watch(mine, theirs, 'session_1700000000_0000000000-nobody')
  await wall.tileOf(mine)
  await wall.frameAfter(0)
  const gone = wall.notices.filter((notice) => notice.type === 'gone')
  expect(gone).toEqual([
    { type: 'gone', session: theirs, reason: 'There is no such session' },
    { type: 'gone', session: 'session_1700000000_0000000000-nobody', reason: 'There is no such session' },
  ])
  expect(new Set(wall.frames.map(({ tile }) => tile)).size).toBe(1)
})

it('says which session has ended and why, and goes on with the others', async () => {
  const wall = await wallOf()
  wall.watch(mine, theirs)
  await Promise.all([wall.tileOf(mine), wall.tileOf(theirs)])
  await house.call(`/browsers/v1/browser-sessions/${theirs}`, { method: 'DELETE' })
  await eventually('it is told', () =>
    wall.notices.some((notice) => notice.type === 'gone' && notice.session === theirs && notice.reason === 'Closed by request'),
  )
  const before = wall.frames.length
  site.paint('rgb(90, 90, 0)')
  expect((await wall.frameAfter(before)).tile).toBe(await wall.tileOf(mine))
})
