import { createServer, type Server } from 'node:http'
import type { Page } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { attachView } from '../../../../server/browsers/view/live-view.ts'
import { startChromium, type TestChromium } from '../../../fixtures/chromium.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../../fixtures/loopback.ts'
import { startPortal, type Portal } from '../../../fixtures/portal/portal.ts'
import { Viewer } from './viewer.ts'
import { WatchedSession } from './watched-session.ts'

let chromium: TestChromium
let portal: Portal
let server: Server
let sockets: WebSocketServer
let address: string
let session: WatchedSession
const viewers: Viewer[] = []

beforeAll(async () => {
  chromium = await startChromium()
  portal = await startPortal({ captcha: 'none' })
  server = createServer()
  sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => attachView(socket, session))
  address = (await listenOnLoopback(server)).replace('http', 'ws')
})
beforeEach(async () => {
  session = new WatchedSession(await chromium.freshPage())
})
afterEach(async () => {
  for (const viewer of viewers.splice(0)) viewer.socket.terminate()
  await session.page.browserContext().close()
})
afterAll(async () => {
  await Promise.all([chromium.stop(), portal.stop(), stopServer(server)])
})

describe('the pictures', () => {
  it('come only while the view is visible', async () => {
    await session.page.goto(`${portal.url}/moving`)
    const viewer = await watch()
    await viewer.notice('page')
    expect(viewer.frames).toHaveLength(0)
    viewer.show()
    await viewer.frameAfter(3)
    viewer.send({ type: 'visible', visible: false })
    const last = await viewer.quietFor(400)
    expect(viewer.frames).toHaveLength(last)
  })

  it('are JPEGs of the size asked for, numbered, with the size of the page', async () => {
    await session.page.goto(`${portal.url}/notice`)
    const viewer = await watch()
    viewer.show({ maxWidth: 320, maxHeight: 180 })
    const frame = await viewer.frameAfter(0)
    expect(frame).toMatchObject({ number: 1, width: 1_200, height: 800 })
    expect(frame.jpeg.subarray(0, 3).toString('hex')).toBe('ffd8ff')
    expect(jpegSize(frame.jpeg)).toEqual({ width: 270, height: 180 })
  })

  it('wait at two undrawn ones, and go on when they are drawn', async () => {
    await session.page.goto(`${portal.url}/moving`)
    const viewer = await watch({ draws: false })
    viewer.show()
    await viewer.frameAfter(1)
    expect(await viewer.quietFor(300)).toBe(2)
    viewer.send({ type: 'drawn', frame: 2 })
    await viewer.frameAfter(3)
    expect(await viewer.quietFor(300)).toBe(4)
  })

  it('show how the page came to rest although the view was too slow to draw what led there', async () => {
    await session.page.goto('data:text/html,<body style="background:red"></body>')
    const viewer = await watch({ draws: false })
    viewer.show({ maxWidth: 128, maxHeight: 100 })
    await viewer.frameAfter(0)
    // More changes than Chromium keeps in flight, then rest.
    for (const colour of ['orange', 'yellow', 'lime', 'cyan', 'violet', 'blue']) {
      await session.page.evaluate(
        (next) =>
          new Promise((resolve) => {
            document.body.style.background = next
            requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(resolve)))
          }),
        colour,
      )
    }
    viewer.draws = true
    viewer.send({ type: 'drawn', frame: viewer.frames.length })
    await eventually('a blue picture', async () => (await colourOf(viewer)) === 'blue')
  })

  it('come at the pace asked for and still end with the latest', async () => {
    await session.page.goto(`${portal.url}/moving`)
    const viewer = await watch()
    viewer.show({ everyNth: 30, maxWidth: 320, maxHeight: 180 })
    await viewer.frameAfter(0)
    await viewer.frameAfter(4)
    const times = viewer.frames.map(({ at }) => at)
    // Half a second apart, each told in whole ms.
    for (const [index, at] of times.slice(1).entries()) expect(at - (times[index] ?? at), times.join()).toBeGreaterThanOrEqual(499)
  })

  it("are one view's own: a second one gets its first picture of a page at rest too", async () => {
    await session.page.goto(`${portal.url}/notice`)
    const [first, second] = [await watch(), await watch()]
    first.show()
    await first.frameAfter(0)
    second.show({ maxWidth: 320, maxHeight: 180, everyNth: 6 })
    await second.frameAfter(0)
  })
})

describe('taking over', () => {
  it('is needed before anything can be typed', async () => {
    await session.page.goto(`${portal.url}/login`)
    const viewer = await watch()
    viewer.send({ type: 'text', text: 'too early' })
    expect(await viewer.notice('problem')).toMatchObject({ message: 'Take over first, then type' })
    expect(await session.page.$eval('input', (field) => field.value)).toBe('')
    expect(session.touched).toBe(0)
  })

  it('lets a person log in by mouse and keyboard', async () => {
    await session.page.goto(`${portal.url}/login`)
    const viewer = await watch()
    viewer.show()
    viewer.send({ type: 'take-over' })
    await viewer.notice('control', ({ holder }) => holder === 'you')
    viewer.click(await centreOf(session.page, '#username'))
    viewer.type('user1')
    viewer.key('Tab', 9)
    viewer.send({ type: 'text', text: 'harbor-demo' })
    viewer.key('Enter', 13)
    const seen = await viewer.notice('page', ({ url }) => url === `${portal.url}/containers`)
    expect(seen).toMatchObject({ page: 'page-1' })
    expect(portal.logins).toBe(1)
    expect(session.touched).toBeGreaterThan(5)
  })

  it("is one person's at a time; the others are told", async () => {
    const [first, second] = [await watch(), await watch()]
    first.send({ type: 'take-over' })
    await second.notice('control', ({ holder }) => holder === 'other')
    second.send({ type: 'take-over' })
    expect(await second.notice('problem')).toMatchObject({ message: 'Somebody else has taken over this session' })
    first.send({ type: 'give-back' })
    await second.notice('control', ({ holder }) => holder === 'nobody')
    second.send({ type: 'take-over' })
    await second.notice('control', ({ holder }) => holder === 'you')
    await first.notice('control', ({ holder }) => holder === 'other')
  })

  it('ends with the view that has it', async () => {
    const viewer = await watch()
    viewer.send({ type: 'take-over' })
    await viewer.notice('control', ({ holder }) => holder === 'you')
    viewer.socket.terminate()
    await eventually('nobody holds it', () => session.control.holder === null)
  })

  it('brings a click that follows many moves, where the last of them went', async () => {
    await session.page.goto(
      `data:text/html,<body style="margin:0;height:100vh" onmousemove="moves=(window.moves||0)+1" onmousedown="at=performance.now();place=event.clientX">`,
    )
    const viewer = await watch()
    viewer.show()
    viewer.send({ type: 'take-over' })
    for (let x = 0; x < 300; x += 1) viewer.send({ type: 'mouse', action: 'move', x, y: 10 })
    viewer.send({ type: 'mouse', action: 'down', x: 300, y: 10, button: 'left', clicks: 1 })
    await eventually('the click', () => session.page.evaluate('window.at'))
    expect(await session.page.evaluate('window.place')).toBe(300)
  })
})

describe('the view', () => {
  it('follows the page that stands in front and can ask for another', async () => {
    await session.page.goto(`${portal.url}/notice`)
    const viewer = await watch()
    viewer.show()
    expect(await viewer.notice('page', ({ title }) => title === 'Notice · Harbor Gate')).toMatchObject({
      page: 'page-1',
      url: `${portal.url}/notice`,
    })
    const second = await session.open()
    await second.goto(`${portal.url}/login`)
    await viewer.notice('page', ({ page, url }) => page === 'page-2' && url.endsWith('/login'))
    const before = viewer.frames.length
    viewer.send({ type: 'page', page: 'page-1' })
    await viewer.notice('page', ({ page }) => page === 'page-1')
    await viewer.frameAfter(before)
    viewer.send({ type: 'page', page: 'page-9' })
    expect(await viewer.notice('problem')).toMatchObject({ message: 'That page is not open any more' })
  })

  it('answers every bad message with a notice and goes on', async () => {
    const viewer = await watch()
    const bad = [
      '',
      '{',
      'null',
      '[]',
      '{"type":"fly"}',
      '{"type":"visible"}',
      '{"type":"mouse","action":"move","x":"1","y":1}',
      JSON.stringify({ type: 'text', text: 'x'.repeat(10_001) }),
      Buffer.from([1, 2, 3]),
    ]
    for (const message of bad) viewer.socket.send(message)
    await eventually('a notice for each', () => viewer.notices.filter(({ type }) => type === 'problem').length === bad.length)
    viewer.show()
    await viewer.frameAfter(0)
  })

  it('says why the session ended, and closes', async () => {
    const viewer = await watch()
    session.end('idle for ten minutes')
    expect(await viewer.notice('ended')).toEqual({ type: 'ended', reason: 'idle for ten minutes' })
    await eventually('the socket is closed', () => viewer.socket.readyState === WebSocket.CLOSED)
    expect(session.listeners).toBe(0)
  })

  it('leaves nothing behind when it is closed', async () => {
    const viewer = await watch()
    viewer.show()
    await viewer.frameAfter(0)
    viewer.socket.close()
    await eventually('no listener is left', () => session.listeners === 0)
  })

  it('of a hung page says that it takes no input, and keeps nobody from closing it', async () => {
    const viewer = await watch()
    viewer.show()
    viewer.send({ type: 'take-over' })
    await session.page.goto(`${portal.url}/hang`)
    await eventually('the page hangs', () => portal.requests.includes('GET /hangs'))
    for (let count = 0; count < 120; count += 1) viewer.send({ type: 'text', text: 'x' })
    await viewer.notice('problem', ({ message }) => message.includes('does not answer'))
    session.end('closed')
    await eventually('the socket is closed', () => viewer.socket.readyState === WebSocket.CLOSED)
  })
})

async function watch({ draws = true } = {}): Promise<Viewer> {
  const socket = new WebSocket(address)
  const viewer = new Viewer(socket, draws)
  viewers.push(viewer)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return viewer
}

async function centreOf(page: Page, selector: string): Promise<{ x: number; y: number }> {
  return page.$eval(selector, (element) => {
    const box = element.getBoundingClientRect()
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  })
}

/** Width and height from the start-of-frame segment. */
function jpegSize(jpeg: Buffer): { width: number; height: number } {
  for (let at = 2; at < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    const marker = jpeg.readUInt8(at + 1)
    if (marker >= 0xc0 && marker <= 0xc3) return { width: jpeg.readUInt16BE(at + 7), height: jpeg.readUInt16BE(at + 5) }
  }
  throw new Error('no frame in this JPEG')
}

/** The colour in the middle of the latest picture, as one of those the test paints. */
async function colourOf(viewer: Viewer): Promise<string> {
  const jpeg = viewer.frames.at(-1)?.jpeg.toString('base64') ?? ''
  const judge = await chromium.browser.newPage({ background: true })
  try {
    return await judge.evaluate(async (data) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/jpeg;base64,${data}`)).blob())
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
      context?.drawImage(bitmap, 0, 0)
      const [red = 0, green = 0, blue = 0] = context?.getImageData(bitmap.width / 2, bitmap.height / 2, 1, 1).data ?? []
      return red < 60 && green < 60 && blue > 200 ? 'blue' : `${red},${green},${blue}`
    }, jpeg)
  } finally {
    await judge.close()
  }
}
