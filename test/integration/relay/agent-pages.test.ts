/** What pages do to agents that others have reported: hidden boxes and file fields, lines in editors, scripts as models write them. */
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { browserTools } from '../../../server/tools/browsers/index.ts'
import { openHouse } from '../../fakes/house-session.ts'
import { serveBrowsers } from '../../fakes/served-browsers.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'
import { patience } from '../../fixtures/patience.ts'

const page = `<!doctype html><meta charset="utf-8"><title>Odd</title>
<style>.switch input { opacity: 0; width: 0; height: 0 } .switch span { display: inline-block; width: 40px; height: 20px; background: #aaa }</style>
<label class="switch"><input type="checkbox" aria-label="Dark"><span></span></label>
<label><input type="checkbox" aria-label="Terms" style="display:none"><i style="padding:9px"></i> I agree to <a href="/away">the terms of carriage</a></label>
<input type="file" style="display:none" id="papers" onchange="out.textContent = 'got ' + this.files[0].name">
<div contenteditable aria-label="Note"><p>old</p></div><input type="password" aria-label="Word"><p id="out"></p>`

test('an agent ticks what hides behind a drawing, gives files to a hidden field, and writes scripts as it likes', async () => {
  const served = await serveBrowsers()
  onTestFinished(() => served.stop())
  const site = createServer((_, response) => response.setHeader('content-type', 'text/html').end(page))
  const address = await listenOnLoopback(site)
  onTestFinished(() => stopServer(site))
  const tools = browserTools(served.room.service)
  const house = await openHouse(tools)
  const { client } = await house.connect({ wheelhouseTools: tools.flatMap(({ name, readOnly }) => (readOnly ? [] : [name])) })
  const say = async (name: string, args: object = {}): Promise<string> => {
    const { content } = await client.callTool({ name, arguments: { ...args } }, { timeout: patience })
    return (content as { text?: string }[]).map(({ text }) => text).join('\n')
  }
  await say('browser_open', { address })
  const snapshot = await say('browser_snapshot')
  const ref = (name: string): string => new RegExp(`"${name}".*\\[ref=(e\\d+)\\]`).exec(snapshot)?.[1] ?? `none for ${name} in ${snapshot}`

  const fields = [
    { ref: ref('Dark'), value: true },
    { ref: ref('Terms'), value: true },
    { ref: ref('Note'), value: 'Berth 7\nis free' },
    { ref: ref('Word'), value: 'hunter-4711' },
  ]
  const filled = await say('browser_fill', { fields })
  expect(filled).toContain('Ticked checkbox "Dark"')
  expect(filled).toContain('Ticked checkbox "I agree')
  // All of it stands there, in lines as the editor makes them.
  expect(filled).not.toContain('which now holds')
  expect(await say('browser_upload', { selector: '#papers', files: [{ name: 'a.txt', text: 'a' }] })).toContain('got a.txt')

  const script = async (text: string) => /came to:\n[^\n]*\n(.*)\n/.exec(await say('browser_evaluate', { script: text }))?.[1]
  expect(await script('const sum = 1; sum + 1')).toBe('2')
  expect(await script('const sum = 2; sum + 1')).toBe('3')
  expect(await script('await Promise.resolve(4)')).toBe('4')
  expect(await script('const sum = await Promise.resolve(5)\nreturn sum')).toBe('5')
  expect(await script('return document.title')).toBe('"Odd"')
  expect(await say('browser_evaluate', { script: 'JSON.parse("{")' })).toContain('The script failed')
  expect(await say('browser_navigate', { address: 'harbor.example' })).toContain('An address begins with http:// or https://')

  const { calls } = (await house.relay.call('GET', '/v1/relay-calls')).body
  const of = async (name: string) => {
    const { id } = calls.find(({ tool }: { tool: string }) => tool === name)
    return (await house.relay.call('GET', `/v1/relay-calls/${id}`)).body
  }
  expect(await of('browser_fill')).toMatchObject({ secrets: ['/fields/2/value', '/fields/3/value'] })
  expect(JSON.stringify(await of('browser_fill'))).not.toContain('hunter-4711')
})
