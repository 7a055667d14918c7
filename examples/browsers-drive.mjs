/**
 * A program of your own drives a session that is signed in already: with Puppeteer, as if it had started the browser itself.
 * Driving asks for a key, also on this machine: make one under Keys, with the use of browsers.
 * `WHEELHOUSE_KEY=… node examples/browsers-drive.mjs http://127.0.0.1:5010 user1 harbor-demo demo-captcha-key`
 */
import puppeteer from 'puppeteer-core'

const [base = 'http://127.0.0.1:5010', username = 'user1', password = 'harbor-demo', captcha_api_key = ''] = process.argv.slice(2)

/** @param {string} path @param {object} json */
async function post(path, json) {
  const headers = { 'content-type': 'application/json', 'x-api-key': process.env['WHEELHOUSE_KEY'] ?? '' }
  const response = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify(json) })
  const body = await response.json()
  if (!response.ok) throw new Error(`POST ${path}: ${body.error?.message ?? body.error ?? response.status}`)
  return body
}

const { session_id } = await post('/get_session', { username, password, captcha_api_key })
const { connectUrl } = await post(`/v1/browser-sessions/${session_id}/connect`, { client: 'example' })
const browser = await puppeteer.connect({ browserWSEndpoint: connectUrl, defaultViewport: null })

const [page] = await browser.pages()
if (page === undefined) throw new Error('The session has no page')
console.log(`signed in: ${await page.title()}`)
await Promise.all([page.waitForNavigation(), page.click('a::-p-text(Appointments)')])
console.log(`clicked: ${await page.title()}`)

await browser.disconnect()
console.log('left; the session stays')
