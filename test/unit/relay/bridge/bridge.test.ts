import { expect, test } from 'vitest'
import { mayRepeat, refusalsFor, HttpRefusal } from '../../../../server/relay/bridge/failures.ts'
import { headerText, ownHeaders } from '../../../../server/relay/bridge/messages.ts'
import { ParamHeaders } from '../../../../server/relay/bridge/param-headers.ts'
import { gatewayOf, readSession } from '../../../../server/relay/bridge/session-address.ts'
import { bridgeCommand } from '../../../../server/relay/bridge/start-command.ts'

const id = `-${'a'.repeat(35)}`

test('a session is its id or any of its addresses, and the relay any of those it has', () => {
  expect(readSession(` ${id}\n`)).toEqual({ secret: id, relay: null })
  for (const end of ['', '/', '/mcp', '/sse'])
    expect(readSession(`https://relay.example.test/house/mcp/${id}${end}`)).toEqual({
      secret: id,
      relay: 'https://relay.example.test/house',
    })
  for (const wrong of ['', `${id}x`, `ftp://relay.example.test/mcp/${id}`, 'https://relay.example.test/mcp'])
    expect(readSession(wrong), wrong).toBeNull()
  for (const given of ['http://127.0.0.1:7700/relay', 'http://127.0.0.1:7700/relay/', 'http://127.0.0.1:7700/relay/mcp'])
    expect(String(gatewayOf(given))).toBe('http://127.0.0.1:7700/relay/mcp')
  for (const wrong of ['', '127.0.0.1:8090', 'http://user@127.0.0.1:8090']) expect(gatewayOf(wrong), wrong).toBeNull()
})

test('the program is started as it runs: installed, from an image, from a working tree', () => {
  const node = { execPath: '/usr/bin/node', argv: ['/usr/bin/node', '/src/out/main/cli.js', '--host', 'x'], env: {}, versions: {} }
  expect(bridgeCommand(node)).toEqual({ command: '/usr/bin/node', args: ['/src/out/main/cli.js', 'mcp'] })
  const app = { execPath: '/opt/Wheelhouse/wheelhouse', argv: ['/opt/Wheelhouse/wheelhouse'], env: {}, versions: { electron: '45.4.1' } }
  expect(bridgeCommand(app)).toEqual({ command: '/opt/Wheelhouse/wheelhouse', args: ['mcp'] })
  expect(bridgeCommand({ ...app, env: { APPIMAGE: '/home/ann/Wheelhouse.AppImage' } }).command).toBe('/home/ann/Wheelhouse.AppImage')
  expect(bridgeCommand({ ...app, argv: ['electron', '/src'], defaultApp: true }).args).toEqual(['/src', 'mcp'])
})

test('a request of the stateless era repeats in headers what its revision and the tool’s definition ask for', () => {
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
  const call = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'größe', arguments: { where: { city: 'Lübeck' }, n: 7 }, _meta: meta },
  }
  expect(ownHeaders(call)).toEqual({
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': `=?base64?${Buffer.from('größe').toString('base64')}?=`,
  })
  expect(ownHeaders({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })).toEqual({})
  expect([headerText('plain text'), headerText(' edge')]).toEqual(['plain text', `=?base64?${Buffer.from(' edge').toString('base64')}?=`])
  const mirrored = new ParamHeaders()
  const city = { type: 'object', properties: { city: { type: 'string', 'x-mcp-header': 'City' } } }
  const inputSchema = { type: 'object', properties: { where: city, n: { type: 'integer', 'x-mcp-header': 'Count' } } }
  mirrored.learn({ jsonrpc: '2.0', id: 2, result: { tools: [{ name: 'größe', inputSchema }] } })
  expect(mirrored.of(call)).toEqual({ 'mcp-param-city': headerText('Lübeck'), 'mcp-param-count': '7' })
  mirrored.learn({ jsonrpc: '2.0', id: 3, result: { tools: [{ name: 'größe', inputSchema: {} }] } })
  expect(mirrored.of(call)).toEqual({})
})

test('a call of a tool is sent again only where it never got there, and each request of a batch hears why not', () => {
  const notThere = new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })
  const cut = new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } })
  expect([mayRepeat('tools/call', notThere), mayRepeat('tools/call', cut), mayRepeat('tools/list', cut)]).toEqual([true, false, true])
  const batch = [1, 2].map((each) => ({ jsonrpc: '2.0', id: each, method: 'tools/call' }))
  const refused = new HttpRefusal(
    402,
    '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Insufficient credits","data":{"shortBy":3}}}',
  )
  expect(refusalsFor(batch, refused)).toEqual(
    batch.map((each) => ({ jsonrpc: '2.0', id: each.id, error: { code: -32000, message: 'Insufficient credits', data: { shortBy: 3 } } })),
  )
  expect(refusalsFor({ jsonrpc: '2.0', method: 'notifications/initialized' }, refused)).toEqual([])
})
