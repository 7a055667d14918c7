/**
 * One login for many calls: the second request is answered with the browser that the first one signed in.
 * `node examples/browsers.mjs http://127.0.0.1:5010 user1 harbor-demo demo-captcha-key`
 */
const [base = 'http://127.0.0.1:5010', username = 'user1', password = 'harbor-demo', captcha_api_key = ''] = process.argv.slice(2)

/** @param {string} method @param {string} path @param {object} [json] */
async function call(method, path, json) {
  const headers = { 'content-type': 'application/json', 'x-api-key': process.env['WHEELHOUSE_KEY'] ?? '' }
  const response = await fetch(base + path, { method, headers, body: json === undefined ? null : JSON.stringify(json) })
  const body = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${body.error ?? response.status}`)
  return body
}

for (const attempt of ['first', 'second']) {
  const { is_new } = await call('POST', '/get_session', { username, password, captcha_api_key })
  console.log(`${attempt} call: ${is_new ? 'signed in' : 'the browser was there, signed in'}`)
}
const { sessions } = await call('GET', '/sessions')
for (const { session_id, username: user } of sessions) console.log(`open: ${session_id} of ${user}`)

const [own] = sessions.filter((/** @type {{ username: string }} */ session) => session.username === username)
await call('DELETE', `/sessions/${own.session_id}`)
console.log('closed')
