/** What is known of a start from what launchers print: counted, never estimated. The lines are those that they print. */
import { expect, test } from 'vitest'
import { testClock } from '../../../fakes/kernel.ts'
import { StartProgress } from '../../../../server/relay/upstreams/progress.ts'

function start(command: string) {
  const clock = testClock()
  const progress = new StartProgress(command, { clock, redacted: (text) => text.replaceAll('hush', '…') })
  return { clock, progress, kept: (...lines: string[]) => lines.filter((line) => progress.hear(line)) }
}
const tarball = (name: string) => `http://127.0.0.1:4873/${name}/-/${name}-1.0.0.tgz`

test('of npx the packages that are missing are counted, and what is of no use stays out of the log', () => {
  const { clock, progress, kept } = start('/usr/bin/npx')
  expect(kept('npm verbose title npm exec harbor', 'npm silly idealTree buildDeps', 'npm silly fetch manifest harbor@2.1.0')).toEqual([])
  expect(progress.view).toMatchObject({ phase: 'finding', line: null, done: null, of: null })
  clock.advance(1_100)
  const missing = ['harbor', 'quay', 'crane'].map(
    (name) => `npm silly tarball no local data for ${name}@${tarball(name)}. Extracting by manifest.`,
  )
  const fetched = `npm http fetch GET 200 ${tarball('harbor')} 825ms (cache miss)`
  expect(kept(...missing, fetched)).toEqual([fetched])
  expect(progress.isInstalling).toBe(true)
  expect(progress.view).toMatchObject({ phase: 'downloading', unit: 'package', done: 1, of: 3, line: fetched })
  expect(progress.view.steps).toEqual([{ phase: 'finding', ms: 1_100 }])
  clock.advance(3_000)
  kept(...['quay', 'crane'].map((name) => `npm http fetch GET 200 ${tarball(name)} 1s (cache miss)`))
  expect(progress.view).toMatchObject({ phase: 'starting', done: null, of: null })
  expect(progress.view.steps).toEqual([
    { phase: 'finding', ms: 1_100 },
    { phase: 'downloading', ms: 3_000 },
  ])
})

test('an npx that has all it needs installs nothing', () => {
  const { progress, kept } = start('npx.cmd')
  kept('npm info using npm@11.19.1', 'npm http fetch GET 200 http://127.0.0.1:4873/harbor 570ms (cache updated)', 'Harbor MCP listens')
  expect(progress.isInstalling).toBe(false)
  expect(progress.view).toMatchObject({ phase: 'starting', line: 'Harbor MCP listens', steps: [] })
})

test('of docker the layers are counted, also those that were there already', () => {
  const { progress, kept } = start('docker')
  kept(
    "Unable to find image 'harbor/mcp:2' locally",
    '2: Pulling from harbor/mcp',
    'aaaaaaaaaaaa: Already exists',
    'bbbbbbbbbbbb: Pulling fs layer',
  )
  expect(progress.view).toMatchObject({ phase: 'downloading', unit: 'layer', done: 1, of: 2 })
  kept(
    'bbbbbbbbbbbb: Download complete',
    'bbbbbbbbbbbb: Pull complete',
    'Digest: sha256:00',
    'Status: Downloaded newer image for harbor/mcp:2',
  )
  expect(progress.view.phase).toBe('starting')
})

test('of uvx the phases are told, and nothing is counted that it does not count', () => {
  const { progress, kept } = start('uvx')
  kept('Resolved 42 packages in 1.2s', 'Downloading numpy (15.9MiB)')
  expect(progress.view).toMatchObject({ phase: 'downloading', unit: null, done: null, of: null, line: 'Downloading numpy (15.9MiB)' })
  kept('Installed 42 packages in 12ms')
  expect(progress.view.phase).toBe('starting')
})

test('of any other command the last line is shown, cut and without secrets', () => {
  const { progress } = start('/srv/harbor')
  progress.hear(`reading hush ${'x'.repeat(400)}`)
  expect(progress.view.line).toMatch(/^reading … x+$/)
  expect(progress.view.line).toHaveLength(200)
  progress.listing()
  expect(progress.view.phase).toBe('listing')
})
