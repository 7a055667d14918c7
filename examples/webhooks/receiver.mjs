// Takes webhooks, and believes only those that are signed and fresh.
// WEBHOOK_SECRET=whsec_… PORT=8099 node receiver.mjs
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const key = Buffer.from((process.env.WEBHOOK_SECRET ?? '').replace('whsec_', ''), 'base64')

/** @param {import('node:http').IncomingHttpHeaders} headers @param {Buffer} body */
function isGenuine(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300)) return false
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
  return String(signatures)
    .split(' ')
    .some((each) => {
      const given = Buffer.from(each.replace(/^v1,/, ''), 'base64')
      return each.startsWith('v1,') && given.length === expected.length && timingSafeEqual(given, expected)
    })
}

const server = createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  if (!isGenuine(request.headers, body)) return response.writeHead(401).end()
  // The same webhook-id may come twice: keep those you have dealt with.
  console.log(request.headers['webhook-id'], JSON.parse(body.toString()).type)
  return response.writeHead(204).end()
})
server.listen(Number(process.env.PORT ?? 8099), '127.0.0.1', () => console.log('listening', server.address()))
