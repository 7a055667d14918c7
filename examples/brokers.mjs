/**
 * Two clients that share a key, and a message that survives the absence of its reader.
 * `node examples/brokers.mjs ws://127.0.0.1:3000 SESSION PASSWORD`
 */
import { BrokerClient, generateKey } from '../client/brokers/src/index.ts'

const [url = 'ws://127.0.0.1:3000', sessionName = 'my-service', password = ''] = process.argv.slice(2)
const key = generateKey()

const reader = new BrokerClient({ url, sessionName, password, key, userId: 'reader', envelope: 2 })
await reader.connect({ handlers: { 'orders/+': () => undefined } })
await reader.close()

const writer = new BrokerClient({ url, sessionName, password, key, envelope: 2 })
await writer.connect()
const { queuedFor } = await writer.publish('orders/created', 'Order 1 is paid')
process.stdout.write(`published, waiting for ${queuedFor} reader\n`)

const back = new BrokerClient({ url, sessionName, password, key, userId: 'reader' })
const { promise, resolve } = Promise.withResolvers()
await back.connect({ handlers: { 'orders/+': ({ topic, text }) => resolve(`${topic}: ${text}`) } })
process.stdout.write(`${await promise}\n`)
await Promise.all([back.close(), writer.close()])
