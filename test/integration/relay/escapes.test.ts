/**
 * What MCP servers throw where nobody waits ends the one it came from. In a process of its own, since a test runner takes such errors for
 * its own.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('restarts a server that threw once, sets one aside that does it again, and ends one client’s connection alone', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, '..', '..', 'fixtures', 'relay-escapes.ts')], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({
    told: [
      'client session-1: a frame of one client',
      'upstream always: a frame too long',
      'upstream always: a frame too long',
      'upstream once: a frame too short',
    ],
    roomFell: [],
    quiet: 'answers',
    once: 'answers',
    always: 'It caused an error here: a frame too long. Stopped after 2 tries',
    lane: 'answers',
    laneAgain: 'answers',
  })
  expect(status).toBe(0)
})
