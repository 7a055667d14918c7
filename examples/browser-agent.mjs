/**
 * An agent without a model: through a relay session alone it signs in to the practice site, finds a container, reads its booking number and
 * fetches the export. It finds what it uses by reading snapshots, as a model would.
 * The session reaches `wheelhouse`, with browser_open, browser_fill, browser_type, browser_click and browser_close switched on.
 * `node examples/browser-agent.mjs SESSION_URL http://127.0.0.1:7780/login user1 harbor-demo CONTAINER`
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

const [sessionUrl = '', address = 'http://127.0.0.1:7780/login', username = 'user1', password = 'harbor-demo', container = ''] =
  process.argv.slice(2)
const client = new Client({ name: 'browser-agent', version: '1.0.0' })
await client.connect(new StreamableHTTPClientTransport(new URL(sessionUrl)))

/** @param {string} name @param {object} args */
async function call(name, args) {
  const { content, isError } = await client.callTool({ name, arguments: { ...args } })
  const text = content.map((part) => (part.type === 'text' ? part.text : `[${part.type}]`)).join('\n')
  if (isError) throw new Error(`${name}: ${text}`)
  return text
}

/**
 * The reference in the first line that fits, at or after another one that fits.
 * @param {string} page @param {RegExp} line @param {RegExp} after
 */
function ref(page, line, after = /^/) {
  const lines = page.split('\n')
  const from = lines.findIndex((each) => after.test(each))
  const found = lines.slice(from).find((each) => line.test(each) && each.includes('[ref='))
  if (from < 0 || found === undefined) throw new Error(`nothing like ${line} in:\n${page}`)
  return /\[ref=(e\d+)\]/.exec(found)?.[1]
}

const { session_id } = JSON.parse(await call('browser_open', { address }))
let page = await call('browser_snapshot', { session_id })

if (page.includes('I am not a robot')) await call('browser_click', { session_id, ref: ref(page, /I am not a robot/) })
page = await call('browser_fill', {
  session_id,
  fields: [
    { ref: ref(page, /textbox "User name"/), value: username },
    { ref: ref(page, /textbox "Password"/), value: password },
  ],
  submit: true,
})
console.log(`signed in: ${/^Tab t1: "(.*)" — /m.exec(page)?.[1] ?? 'no'}`)

page = await call('browser_type', { session_id, ref: ref(page, /"Container or booking number"/), text: container, submit: true })
const exportLink = ref(page, /link "Export/)
page = await call('browser_click', { session_id, ref: ref(page, /button "Details of/, new RegExp(container)) })
console.log(`${container}: ${/Booking number\n.*definition: (\S+)/.exec(page)?.[1] ?? 'no booking'}`)

page = await call('browser_click', { session_id, ref: exportLink })
const file = await call('browser_download', { session_id, download: /"download": "([0-9a-f-]+)"/.exec(page)?.[1] })
console.log(`export: ${file.split('\n')[0]}, ${file.split('\n').filter((line) => /^[A-Z]{4}\d/.test(line)).length} containers`)

await call('browser_close', { session_id })
await client.close()
