/** Wheelhouse's browser tools for agents: real Chromium, pages that make it hard, an unmodified MCP client. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text as textFrom } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { browserTools } from '../../../server/tools/browsers/index.ts'
import { openHouse } from '../../fakes/house-session.ts'
import { relayKey } from '../../fakes/served-relay.ts'
import { serveBrowsers, type ServedBrowsers } from '../../fakes/served-browsers.ts'
import { containers } from '../../fixtures/portal/containers.ts'

const changing = [
  ...['browser_open', 'browser_wake', 'browser_close', 'browser_navigate', 'browser_history', 'browser_tabs', 'browser_click'],
  ...['browser_type', 'browser_fill', 'browser_press', 'browser_select', 'browser_hover', 'browser_drag', 'browser_scroll'],
  ...['browser_upload', 'browser_dialog', 'browser_pdf', 'browser_evaluate'],
]
let served: ServedBrowsers

beforeAll(async () => {
  served = await serveBrowsers()
})
afterAll(() => served?.stop())

const house = () => openHouse(browserTools(served.room.service))

it('a script signs in to the practice site, finds a container, reads its booking and fetches the export, by MCP alone', async () => {
  const { relay } = await house()
  const { sessionUrl } = await relay.session({
    body: { policy: { upstreams: ['wheelhouse'], wheelhouseTools: changing } },
    headers: { 'x-api-key': relayKey },
  })
  const booked = containers.find(({ booking }) => booking !== null)
  const args = [sessionUrl, `${served.portal.url}/login`, 'user1', 'harbor-demo', booked?.number ?? '']
  const agent = spawn(process.execPath, [join(import.meta.dirname, '../../../examples/browser-agent.mjs'), ...args])
  const [out, problems] = await Promise.all([textFrom(agent.stdout), textFrom(agent.stderr)])
  expect(problems).toBe('')
  expect(out.trim().split('\n')).toEqual([
    'signed in: Containers · Harbor Gate',
    `${booked?.number}: ${booked?.booking}`,
    expect.stringMatching(new RegExp(`^export: containers.csv, \\d+ bytes, ${containers.length} containers$`)),
  ])
})
