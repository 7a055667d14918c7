import { expect, test } from 'vitest'
import { Fault } from '../../../../server/fault.ts'
import { readClientConfig } from '../../../../server/relay/upstreams/client-config.ts'

const shown = (text: string) => readClientConfig(text).map((server) => server.shown)

test('Claude Desktop and Cursor: programs with their exact command, values of variables left out', () => {
  const [server] = shown(
    JSON.stringify({
      mcpServers: { files: { command: 'npx', args: ['-y', '@scope/server', '/home/me/My Files', "it's"], env: { TOKEN: 'hush' } } },
    }),
  )
  expect(server).toEqual({
    name: 'files',
    transport: 'stdio',
    commandLine: String.raw`npx -y @scope/server '/home/me/My Files' 'it'\''s'`,
    cwd: null,
    envNames: ['TOKEN'],
    headerNames: [],
    problem: null,
  })
  expect(JSON.stringify(server)).not.toContain('hush')
})

test('VS Code: comments, trailing commas, `servers`, and values that it would ask for', () => {
  const text = `{
    // mine
    "servers": {
      "remote": { "type": "http", "url": "https://mcp.example.test/a//b", "headers": { "Authorization": "Bearer x" }, },
      "asks": { "command": "tool", "args": ["\${input:key}"] }, /* later */
    },
  }`
  const [remote, asks] = readClientConfig(text)
  expect(remote?.shown).toMatchObject({
    name: 'remote',
    transport: 'http',
    commandLine: 'https://mcp.example.test/a//b',
    headerNames: ['Authorization'],
    problem: null,
  })
  expect(asks?.definition).toBeNull()
  expect(asks?.shown.problem).toContain('${input:key}')
})

test.each(['/* ', '"\\\\', '"\\', '// x', ', ', '{,'])('a text of many %j comes to an end', (part) => {
  expect(() => readClientConfig(`{"mcpServers": ${part.repeat(500_000)}`)).toThrow()
})

test('a value of many beginnings of what other programs fill in comes to an end', () => {
  const [server] = readClientConfig(JSON.stringify({ mcpServers: { odd: { command: 'tool', args: ['${env:'.repeat(200_000)] } } }))
  expect(server?.shown.name).toBe('odd')
})

test('comments and commas inside a text are part of it', () => {
  const args = ['/* no */', '// no', 'a,]', '\\"/*', '\\\\']
  expect(
    readClientConfig(`{"mcpServers": {"x": {"command": "tool", "args": ${JSON.stringify(args)}, /* yes, ] */ } /**/, // yes
  }}`)[0]?.definition?.args,
  ).toEqual(args)
})

test('Claude Code: servers of all projects, each once; an address that ends in /sse is SSE', () => {
  const servers = { events: { url: 'https://mcp.example.test/sse' } }
  expect(shown(JSON.stringify({ projects: { '/a': { mcpServers: servers }, '/b': { mcpServers: servers } } }))).toEqual([
    expect.objectContaining({ name: 'events', transport: 'sse' }),
  ])
})

test('names that ours cannot be are made so; what is no configuration is refused', () => {
  expect(readClientConfig('{"mcpServers":{"My Server (2)":{"command":"x"}}}')[0]?.definition?.name).toBe('My-Server-2-')
  expect(readClientConfig('{"mcpServers":{"broken":{}}}')[0]).toMatchObject({
    definition: null,
    shown: { problem: expect.stringContaining('address') },
  })
  for (const text of ['', '[]', '{}', '{"mcpServers":[]}']) {
    expect(() => readClientConfig(text)).toThrow(expect.toSatisfy((error: unknown) => Fault.is(error, 'config-invalid')))
  }
})

test('objects where texts are due are none: the rest of the file is shown all the same', () => {
  const odd = { toString: 0 }
  const config = { mcpServers: { odd: { type: odd, url: 'http://a.test/', env: { A: odd }, args: [odd] }, good: { command: 'tool' } } }
  expect(shown(JSON.stringify(config))).toMatchObject([
    { name: 'odd', transport: 'http' },
    { name: 'good', problem: null },
  ])
})
