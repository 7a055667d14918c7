/** What is shown of how a server is run or called: enough to tell servers apart, never a secret. */
import { expect, it } from 'vitest'
import { shownAddress } from '../../../../server/http/shown-address.ts'
import { redactor, shownArgs } from '../../../../server/relay/upstreams/shown-settings.ts'

const run = (line: string) => {
  const [command = '', ...args] = line.split(' ')
  return shownArgs({ command, args }).join(' ')
}

it.each([
  ['npx -y @modelcontextprotocol/server-filesystem /home/ann/docs', '-y @modelcontextprotocol/server-filesystem …'],
  ['npx -y mcp-remote https://yard.test/s/harbor-demo-1 --header Authorization:harbor-demo', '-y mcp-remote … --header …'],
  ['/usr/bin/node /srv/node_modules/@scope/pkg/dist/index.js stdio', '/srv/node_modules/@scope/pkg/dist/index.js …'],
  ['uvx mcp-server-fetch@1.2.3 --api-key=harbor-demo', 'mcp-server-fetch@1.2.3 --api-key=…'],
  ['python3 -m yard.server harbor-demo', '-m yard.server …'],
  ['docker run -i --rm -e TOKEN=harbor-demo ghcr.io/yard/mcp', 'run -i --rm -e … …'],
  ['docker run -i --rm ghcr.io/yard/mcp:2', 'run -i --rm ghcr.io/yard/mcp:2'],
  ['npx --token harbor-demo yard', '--token … …'],
  ['npx sk-4fK29xQm71LpZ08bWc55', '…'],
  ['npx https://ann:harbor@yard.test/pkg.tgz', '…'],
  ['docker run ann:harbor@registry.test/yard', 'run …'],
  ['/opt/yard harbor-demo -p --secret harbor', '… -p --secret …'],
  ['/opt/yard -pharbor', '…'],
])('of the command %s the arguments %s', (line, shown) => {
  expect(run(line)).toBe(shown)
})

it.each([
  ['https://yard.test/mcp', 'https://yard.test/mcp'],
  ['http://127.0.0.1:4000/v1/sse', 'http://127.0.0.1:4000/v1/sse'],
  ['https://ann:harbor@yard.test/mcp?key=harbor&harbor#harbor', 'https://yard.test/mcp?…'],
  ['https://yard.test/s/harbordemo/mcp', 'https://yard.test/…/…/mcp'],
  ['https://hooks.yard.test/services/T01ABCDEF/B01ABCDEF/harbordemoharbordemo', 'https://hooks.yard.test/services/…/…/harb…'],
  ['no address', '…'],
])('of the address %s as much as %s', (url, shown) => {
  expect(shownAddress(url)).toBe(shown)
})

it('takes what a server was given out of what it says, and leaves its other words', () => {
  const clean = redactor({
    ...{
      command: 'npx',
      args: ['-y', 'yard-mcp', '--token=canary-one', 'canary-two', 'https://yard.test/canary-three'],
      url: 'https://ann:canary-four@yard.test/mcp?key=canary%2Dfive',
    },
    ...{ env: { KEY: 'canary-six', LEVEL: 'debug', HOME: '/home/ann' }, headers: { Authorization: 'Bearer canary-seven' } },
  })
  const said =
    'canary-one canary-two /canary-three canary-four canary-five canary%2Dfive canary-six canary-seven: yard-mcp at debug in /home/ann/x, Bearer'
  expect(clean(said)).toBe('… … /… … … … … …: yard-mcp at debug in /home/ann/x, Bearer')
})
