/** Wheelhouse's browser tools for agents: real Chromium, pages that make it hard, an unmodified MCP client. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text as textFrom } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { browserTools } from '../../../server/tools/browsers/index.ts'
import { openHouse, type HouseSession } from '../../fakes/house-session.ts'
import { relayKey } from '../../fakes/served-relay.ts'
import { serveBrowsers, type ServedBrowsers } from '../../fakes/served-browsers.ts'
import { startAgentSite, type AgentSite } from '../../fixtures/agent-site.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { patience } from '../../fixtures/patience.ts'
import { containers } from '../../fixtures/portal/containers.ts'

let served: ServedBrowsers
let site: AgentSite
let changing: string[]
/** All tests of a page work in this one browser. */
let session_id: string

beforeAll(async () => {
  ;[served, site] = await Promise.all([serveBrowsers(), startAgentSite()])
  const { body } = await served.post('/v1/browser-sessions', { profile: 'plain', address: `${site.url}/hands` })
  session_id = body.session.id
  changing = browserTools(served.room.service).flatMap(({ name, readOnly }) => (readOnly ? [] : [name]))
})
afterAll(async () => {
  await served?.stop()
  await site?.stop()
})

interface Agent {
  /** What a tool says; fails when it fails. */
  call(name: string, args?: object): Promise<string>
  refused(name: string, args?: object): Promise<string>
  /** Goes to a page of the site; what it shows. */
  at(path: string): Promise<string>
  names(): Promise<string[]>
  actor: string
  /** The audit's lines about tools. */
  audit: HouseSession['audit']
}

async function agent(wheelhouseTools = changing): Promise<Agent> {
  const house = await openHouse(browserTools(served.room.service))
  const { client, names, actor } = await house.connect({ wheelhouseTools })
  const say = async (name: string, args: object, fails: boolean): Promise<string> => {
    const { content, isError } = await client.callTool({ name, arguments: { ...args } }, { timeout: patience })
    const text = (content as { type: string; text?: string }[]).map((part) => part.text ?? `[${part.type}]`).join('\n')
    expect(isError === true, text).toBe(fails)
    return text
  }
  const call = (name: string, args: object = {}): Promise<string> => say(name, args, false)
  return {
    call,
    refused: (name, args = {}) => say(name, args, true),
    async at(path) {
      await call('browser_navigate', { session_id, address: site.url + path })
      return call('browser_snapshot', { session_id })
    },
    names,
    actor,
    audit: house.audit,
  }
}

/** Ends what the agent leases of it; the answer resolves when its next call has come in. */
function nextCall(id: string, actor: string): () => Promise<unknown> {
  const { leases } = served.room.service.get(id)
  const own = () => leases.list().filter(({ holder }) => holder === actor)
  for (const lease of own()) leases.end(lease.id)
  return () => eventually('a call has come in', () => own().length > 0)
}

/** The reference in the line that fits. */
function ref(page: string, line: RegExp): string {
  const found = page.split('\n').find((each) => line.test(each) && each.includes('[ref='))
  return /\[ref=(e\d+)\]/.exec(found ?? '')?.[1] ?? `none for ${line} in ${page}`
}

it('a script signs in to the practice site, finds a container, reads its booking and fetches the export, by MCP alone', async () => {
  const { relay } = await openHouse(browserTools(served.room.service))
  const { sessionUrl } = await relay.session({
    body: { policy: { upstreams: ['wheelhouse'], wheelhouseTools: changing } },
    headers: { 'x-api-key': relayKey },
  })
  const booked = containers.find(({ booking }) => booking !== null)
  const args = [sessionUrl, `${served.portal.url}/login`, 'user1', 'harbor-demo', booked?.number ?? '']
  const program = spawn(process.execPath, [join(import.meta.dirname, '../../../examples/browser-agent.mjs'), ...args])
  const [out, problems] = await Promise.all([textFrom(program.stdout), textFrom(program.stderr)])
  expect(problems).toBe('')
  expect(out.trim().split('\n')).toEqual([
    'signed in: Containers · Harbor Gate',
    `${booked?.number}: ${booked?.booking}`,
    expect.stringMatching(new RegExp(`^export: containers.csv, \\d+ bytes, ${containers.length} containers$`)),
  ])
})

it('an agent fills, ticks, chooses, clicks in every way, drags and gives files, and each answer says what it changed', async () => {
  const { call, refused, at, audit } = await agent()
  const page = await at('/hands')
  const fields = [
    { ref: ref(page, /Ship/), value: 'Meridian' },
    { ref: ref(page, /Reefer/), value: true },
    { ref: ref(page, /Size/), value: '40HC' },
    { ref: ref(page, /Day/), value: '2026-11-27' },
    { ref: ref(page, /Note/), value: 'new note' },
  ]
  const filled = await call('browser_fill', { fields })
  for (const line of [/"Ship".*: Meridian/, /"Reefer" \[checked\]/, /"Size".*: 40HC/, /"Day".*: 2026-11-27/, /"Note".*: new note/])
    expect(filled).toMatch(line)
  const moor = { ref: ref(page, /Moor/) }
  expect(await call('browser_click', moor)).toContain('+ - status: moored Meridian')
  expect(await call('browser_click', { ...moor, double: true })).toContain('+ - status: double')
  expect(await call('browser_click', { ...moor, button: 'right' })).toContain('+ - status: menu')
  expect(await call('browser_click', { ref: ref(page, /Mark/), modifiers: ['Shift'] })).toContain('+ - status: with shift')
  expect(await call('browser_hover', { ref: ref(page, /Menu/) })).toContain('+ - status: menu open')
  expect(await call('browser_drag', { from: { ref: ref(page, /Crate/) }, to: { ref: ref(page, /Bay/) } })).toContain('dropped crate')
  expect(await call('browser_type', { ref: ref(page, /Ship/), text: ' 2', slowly: true, submit: true })).toContain('entered Meridian 2')
  const paper = { name: 'bill.txt', text: 'ten crates' }
  expect(await call('browser_upload', { ref: ref(page, /Papers/), files: [paper] })).toContain('bill.txt ten crates')
  expect(await call('browser_evaluate', { ...moor, script: '(button) => button.id' })).toContain('"moor"')

  const inTheTrail = audit().filter(({ subject }) => subject === 'browser_click')
  expect(inTheTrail.map(({ about }) => about)).toEqual(Array(inTheTrail.length).fill(session_id))

  expect(await refused('browser_select', { ref: ref(page, /Size/), options: ['50XX'] })).toContain('there are: 20GP / 40HC')
  expect(await refused('browser_upload', { ref: ref(page, /Papers/), files: [{ name: 'a' }] })).toContain('one of text, base64')
  expect(await refused('browser_press', { key: 'Foo' })).toContain('There is no key "Foo"')
  await at('/reach')
  expect(await refused('browser_click', moor)).toMatch(/no element e\d+ any more.*new browser_snapshot/)
})

it('what is covered or disabled is said to be, with what covers it; what is far below is brought into view', async () => {
  const { call, refused, at } = await agent()
  const page = await at('/reach')
  expect(page).not.toContain('Nowhere')
  const [closed, covered] = await Promise.all([
    refused('browser_click', { ref: ref(page, /Closed/) }),
    refused('browser_click', { ref: ref(page, /Under/) }),
  ])
  expect(closed).toContain('is disabled')
  expect(covered).toMatch(/covered by <.*Cookies/)
  await call('browser_click', { ref: ref(page, /Agree/) })
  await call('browser_click', { ref: ref(page, /Under/) })
  expect(await call('browser_click', { ref: ref(page, /Far/) })).toContain('button "Reached"')
})

it('frames of other sites and shadow roots are read and used like the page itself, beside a frame that hangs', async () => {
  const { call, at } = await agent()
  await at('/frames')
  // A frame that is loading is said to be; another site's has a process to start.
  const page = await eventually('the frames have loaded', async () => {
    const shown = await call('browser_snapshot')
    return /iframe "Other" \[ref=e\d+\]\n {2}- textbox "Code"/.test(shown) && /button "Own"/.test(shown) ? shown : null
  })
  expect(await call('browser_click', { ref: ref(page, /button "Own"/) })).toContain('Own pressed')
  await call('browser_type', { ref: ref(page, /Code/), text: 'A7' })
  expect(await call('browser_click', { ref: ref(page, /Send/) })).toContain('Got A7')
  expect(await call('browser_click', { ref: ref(page, /In shadow/) })).toContain('Shadow pressed')
})

it('a page of fifty thousand elements is answered by parts, and its words never pass for ours', async () => {
  const { call, at } = await agent()
  const many = await at('/many')
  expect(many.length).toBeLessThan(11_000)
  const [, from] = /more lines: browser_snapshot with "from": (\d+)/.exec(many) ?? []
  expect(await call('browser_snapshot', { from: Number(from), size: 600 })).toMatch(/- (link|text).*\d\d+/)
  expect(await call('browser_snapshot', { from: 24_000, size: 600 })).toContain('Row 12000')

  const words = await at('/words')
  const [, mark] = /<page ([0-9a-f]{8})>/.exec(words) ?? []
  expect(words.split('\n').at(-1)).toBe(`</page ${mark}>`)
  expect(words.match(/\[ref=/g)).toHaveLength(1)
  expect(words.split('\n').filter((line) => line.startsWith('- button "Forged"'))).toEqual([])
})

it('a page stands at its dialog until the agent answers; alarms without end are left behind by going elsewhere', async () => {
  const { call, refused, at } = await agent()
  const page = await at('/dialogs')
  expect(await call('browser_click', { ref: ref(page, /Leave/) })).toMatch(/dialog of kind confirm[^]*Really leave the berth\?/)
  expect(await refused('browser_snapshot')).toContain('Really leave the berth?')
  expect(await call('browser_dialog', { accept: true })).toContain('status: left')
  await call('browser_click', { ref: ref(page, /Choose/) })
  expect(await call('browser_dialog', { accept: true, text: '9' })).toContain('status: 9')
  expect(await call('browser_click', { ref: ref(page, /Alarm/) })).toContain('alarm 1')
  expect(await call('browser_dialog', { accept: true })).toContain('alarm 2')
  expect(await at('/reach')).toContain('Under')
})

it('windows become tabs, files that come down are read, console and requests are told without secrets', async () => {
  const { call, at } = await agent()
  const page = await at('/moves')
  const opened = await call('browser_click', { ref: ref(page, /Window/) })
  expect(opened).toMatch(/A new tab has opened: t\d+[^]*You work in t\d+ now[^]*Code/)
  const [, first] = /browser_tabs leads back to (t\d+)/.exec(opened) ?? []
  expect(await call('browser_tabs', { action: 'close' })).toContain(`${first} `)
  await call('browser_tabs', { action: 'switch', tab: first })
  expect(await call('browser_click', { ref: ref(page, /Chart/) })).toContain('"drawn"')
  const file = /"download": "([^"]+)"/
  let answers = await call('browser_click', { ref: ref(page, /Note/) })
  // A browser that is busy tells of a file late, and the next answer has it.
  await eventually('the file is told', async () => file.test(answers) || void (answers = await call('browser_press', { key: 'Shift' })))
  expect(await call('browser_download', { download: file.exec(answers)?.[1] })).toContain('berth 7, noon')
  await call('browser_click', { ref: ref(page, /Talk/) })
  await eventually('the console is told', async () => (await call('browser_console')).includes('error: broke'))
  const told = (await call('browser_console')) + (await call('browser_requests', { text: '/missing' }))
  expect(told).toContain('token=***')
  expect(told).not.toContain('abcdef')
  const [, pdf] = file.exec(await call('browser_pdf')) ?? []
  expect(await call('browser_download', { download: pdf })).toContain('drawn.pdf')
  expect(await call('browser_screenshot', { ref: ref(page, /Chart/), format: 'jpeg' })).toBe('[image]')
  expect(await call('browser_click', { ref: ref(page, /Go/) })).toContain('status: nothing yet')
  expect(await call('browser_history', { go: 'back' })).toContain('button "Vanish"')
  expect(await call('browser_wait_for', { text: 'New tab', url: '/moves', load: true })).not.toContain('Not within')
})

it('two agents share a browser, each in its tab, and both are told when a person takes over and gives back', async () => {
  const [one, two] = [await agent(), await agent(['browser_click', 'browser_tabs', 'browser_type'])]
  const page = await one.at('/hands')
  const other = await two.call('browser_tabs', { session_id, action: 'new', address: `${site.url}/dialogs` })
  const [pressed, asked] = await Promise.all([
    one.call('browser_click', { ref: ref(page, /Moor/) }),
    // It may not answer dialogs.
    two.call('browser_click', { ref: ref(other, /Leave/) }),
  ])
  expect(pressed).toContain('moored Old')
  expect(asked).toMatch(/it was dismissed[^]*status: stayed/)
  const { leases, control } = served.room.service.get(session_id)
  expect(leases.list().map(({ holder }) => holder)).toEqual(expect.arrayContaining([one.actor, two.actor]))

  control.take('the-live-view', 'owner')
  expect(await one.refused('browser_click', { ref: ref(page, /Moor/) })).toContain('A person has taken over')
  expect(await one.call('browser_snapshot')).toContain('moored Old')
  const waits = nextCall(session_id, one.actor)
  const waiting = one.call('browser_wait_for', { person: true, seconds: 50 })
  await waits()
  control.giveBack('the-live-view')
  expect(await waiting).toContain('A person used this browser meanwhile')
  expect(await two.call('browser_tabs')).toContain('(yours)')
})

it('each tool that changes something is there only when it is named, a script in the page as well', async () => {
  const reader = await agent([])
  expect(await reader.names()).toEqual(expect.arrayContaining(['browser_snapshot', 'browser_wait_for', 'browser_download']))
  for (const name of changing) expect(await reader.names()).not.toContain(name)
  expect(await reader.call('browser_profiles')).toContain('harbor-gate')
})

it('an agent comes to a signed-in session by its profile, wakes it when it sleeps, and hears when its browser dies in a call', async () => {
  await served.open(3)
  const { call, refused, actor } = await agent()
  const known = { profile: 'harbor-gate', username: 'user3' }
  const opened = JSON.parse(await call('browser_open', known))
  expect(opened).toMatchObject({ username: 'user3' })
  const signedIn = { session_id: opened.session_id as string }
  expect(await call('browser_snapshot', signedIn)).toContain('Containers · Harbor Gate')
  expect(await refused('browser_open', { ...known, username: 'user9' })).toContain('No login of user9')

  const { leases } = served.room.service.get(signedIn.session_id)
  for (const { id } of leases.list()) leases.end(id)
  await served.room.service.sleepers.hibernate(signedIn.session_id, 'owner')
  expect(await refused('browser_snapshot', signedIn)).toContain('browser_wake')
  expect(await call('browser_list')).toContain('hibernated')
  expect(JSON.parse(await call('browser_open', known))).toMatchObject({ ...signedIn, isNew: false })
  expect(await call('browser_snapshot')).toContain('Containers · Harbor Gate')

  const waits = nextCall(signedIn.session_id, actor)
  const waiting = refused('browser_wait_for', { text: 'never shows', seconds: 50 })
  await waits()
  const pid = served.room.service.get(signedIn.session_id).browser.running?.pid
  process.kill(pid ?? 0, 'SIGKILL')
  expect(await waiting).toMatch(/The session ended.*browser_list/)
  await eventually('it sleeps', async () => (await call('browser_list')).includes('hibernated'))
  expect(JSON.parse(await call('browser_wake', signedIn))).toMatchObject(signedIn)
})
