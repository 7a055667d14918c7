/**
 * Two clients that share a key, and a message that survives the absence of its reader.
 * `node examples/brokers.mjs ws://127.0.0.1:3000 SESSION PASSWORD`
 */
// In a program of your own: from '@wheelhouse/brokers'.
import { BrokerClient, generateKey } from '#clients/brokers'
import { WebSocket } from 'ws'

const [url = 'ws://127.0.0.1:3000', sessionName = 'my-service', password = ''] = process.argv.slice(2)
/** Node has a WebSocket of its own from 22 on; for older ones it is that of `ws`. */
const options = { url, sessionName, password, key: generateKey(), open: (/** @type {string} */ url) => new WebSocket(url) }

/** @param {BrokerClient} client @param {Parameters<BrokerClient['connect']>[0]} [how] */
async function connect(client, how) {
  try {
    await client.connect(how)
  } catch (error) {
    // `Invalid password`, `Session not found`, or the address is none; what may pass is waited for instead.
    console.error(`Not connected: ${error instanceof Error ? error.message : error}`)
    process.exit(1)
  }
  return client
}

const reader = await connect(new BrokerClient({ ...options, userId: 'reader', envelope: 2 }), { handlers: { 'orders/+': () => undefined } })
await reader.close()

const writer = await connect(new BrokerClient({ ...options, envelope: 2 }))
const { queuedFor } = await writer.publish('orders/created', 'Order 1 is paid')
console.log(`published, waiting for ${queuedFor} reader`)

const back = new BrokerClient({ ...options, userId: 'reader' })
/** @type {(line: string) => void} */
let handled = () => undefined
const came = new Promise((resolve) => (handled = resolve))
await connect(back, { handlers: { 'orders/+': ({ topic, text }) => handled(`${topic}: ${text}`) } })
console.log(await came)
await Promise.all([back.close(), writer.close()])
