/**
 * A service behind the gateway: it hears of nobody whose login is not good, and of nobody any more once the login has ended.
 * `node examples/logins.mjs http://127.0.0.1:8081`
 */
import { createServer } from 'node:http'
// In a program of your own: from '@wheelhouse/logins'.
import { createGateway } from '#clients/logins'

const [base = 'http://127.0.0.1:8081'] = process.argv.slice(2)
const apiKey = process.env['WHEELHOUSE_KEY']

const gateway = createGateway({ url: base, ...(apiKey === undefined ? {} : { apiKey }) })
await gateway.ready()
const protect = gateway.express()
const server = createServer((request, response) => protect(request, response, () => response.end(`Hello ${request.headers['x-username']}`)))
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)))
const address = server.address()
const service = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`

/** @param {string} path @param {object} json @param {Record<string, string>} [more] */
async function call(path, json, more) {
  const headers = { 'content-type': 'application/json', 'x-api-key': apiKey ?? '', ...more }
  const response = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify(json) })
  const body = await response.json()
  if (!response.ok) throw new Error(`${path}: ${JSON.stringify(body)}`)
  return body
}
/** @param {string} [token] */
async function visit(token) {
  const response = await fetch(service, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
  console.log(
    `${token === undefined ? 'without a token' : 'with the token'}: ${response.status} ${response.ok ? await response.text() : ''}`.trim(),
  )
}

await visit()
const { token } = await call('/api/v1/sessions', { user_id: 'user-1', username: 'ann', role_name: 'clerk', permissions: ['read'] })
await visit(token)
await call('/api/v1/sessions/logout', {}, { authorization: `Bearer ${token}` })
console.log('logged out')
await visit(token)

server.close()
gateway.close()
