/**
 * A bot is linked, writes to somebody, and answers the first thing that is written to it.
 * `node examples/bots.mjs http://127.0.0.1:8000 15550100142 15550100011`
 */
// Node has a WebSocket of its own from 22 on.
import { WebSocket } from 'ws'

const [base = 'http://127.0.0.1:8000', own = '15550100142', other = '15550100011'] = process.argv.slice(2)
const key = process.env['WHEELHOUSE_KEY'] ?? process.env['API_KEY'] ?? ''
const userId = `bot_${own}`

/** @param {string} method @param {string} path @param {object} [json] */
async function call(method, path, json) {
  const headers = { 'content-type': 'application/json', 'x-api-key': key }
  const response = await fetch(base + path, { method, headers, body: json === undefined ? null : JSON.stringify(json) })
  const body = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${body.error ?? response.status}`)
  return body
}

/**
 * What the socket says, as far as it is looked at here.
 * @typedef {{ type: string, state?: string, message?: BotMessage }} BotEvent
 * @typedef {{ messageId?: string, status?: string, fromMe?: boolean, text?: string }} BotMessage
 */

/** What has happened to the bot since the socket is open, and who waits for what is still to come. @type {BotEvent[]} */
const events = []
/** @type {(() => void)[]} */
const waiting = []

/** The first event that is it, also where it came before it was asked for. @param {(event: BotEvent) => boolean} isIt */
async function event(isIt) {
  for (;;) {
    const found = events.find(isIt)
    if (found !== undefined) return found
    await new Promise((resolve) => waiting.push(() => resolve(null)))
  }
}

/** Queues a text and waits until it has come as far as `status` or further. @param {string} text @param {string[]} status */
async function send(text, status) {
  const { message } = await call('POST', `/api/sessions/${userId}/messages`, { to: other, type: 'text', text })
  await event(
    (seen) => seen.type === 'progress' && seen.message?.messageId === message.messageId && status.includes(seen.message?.status ?? ''),
  )
}

const { pairingCode } = await call('POST', '/api/sessions', { userId, phoneNumber: own })
const socket = new WebSocket(`${base.replace('http', 'ws')}/api/sessions/${userId}/events?types=state,message,progress`)
socket.addEventListener('message', ({ data }) => {
  events.push(JSON.parse(String(data)))
  for (const wake of waiting.splice(0)) wake()
})
await new Promise((resolve, reject) => {
  socket.addEventListener('open', resolve)
  socket.addEventListener('error', () => reject(new Error('no events')))
})

console.log(`type this code on the phone, under Linked devices: ${pairingCode}`)
await event(({ type, state }) => type === 'state' && state === 'online')
console.log('online')

await send('Which gate?', ['delivered', 'read'])
console.log('delivered')

const { message } = await event((seen) => seen.type === 'message' && seen.message?.fromMe === false)
console.log(`they say: ${message?.text}`)
await send('Thank you', ['sent', 'delivered', 'read'])
console.log('answered')
socket.close()
