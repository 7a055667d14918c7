/** A press in a frame reaches it, however long the frame takes to be drawn. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { press } from '../../../../server/browsers/page/form.ts'
import { startChromium, type TestChromium } from '../../../fixtures/chromium.ts'
import { listenOnLoopback, stopServer } from '../../../fixtures/loopback.ts'
import { patience } from '../../../fixtures/patience.ts'

const button = '<button id="go" style="width: 200px; height: 100px" onclick="title = Number(title) + 1">Go</button>'
let chromium: TestChromium
let server: Server
let address: string
/** What the frame has to have before it is drawn, for as long as it waits for that. */
let held: ServerResponse | undefined

beforeAll(async () => {
  chromium = await startChromium()
  server = createServer((request, response) => {
    const around = (more: string) => `<iframe src="${other}/frame" style="position: fixed; inset: 0"></iframe>${more}`
    const pages: Record<string, string> = {
      // A press that went to it, and not to its frame, has been here first.
      '/late': around('').replace('/frame', '/late-frame') + "<script>onpointermove = () => fetch('/heard')</script>",
      '/late-frame': `<script async blocking="render" src="/held.js"></script>${button}`,
      '/covered': around('<div style="position: fixed; inset: 0">Cookies</div>'),
      '/frame': button,
    }
    if (request.url === '/held.js') return void (held = response)
    if (request.url === '/heard') held?.end()
    response.setHeader('content-type', 'text/html')
    response.end(`<!doctype html>${pages[request.url ?? ''] ?? ''}`)
  })
  address = await listenOnLoopback(server)
  // Under another name, so that the frame has a process of its own.
  const other = address.replace('127.0.0.1', 'localhost')
})
afterAll(async () => {
  await chromium.stop()
  await stopServer(server)
})

it.each([
  ['of another site that is not drawn yet', '/late'],
  ['over which something lies', '/covered'],
])('in a frame %s', async (_, path) => {
  const page = await chromium.freshPage()
  await page.goto(address + path, { waitUntil: 'domcontentloaded' })
  for (const times of ['1', '2']) {
    await press(page, '#go', AbortSignal.timeout(patience))
    await expect.poll(() => page.frames()[1]?.$eval('#go', (pressed) => pressed.getAttribute('title'))).toBe(times)
  }
  await page.browserContext().close()
})
