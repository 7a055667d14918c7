/** Every way in which Node lets an error escape. In a process of its own, since a test runner takes such errors for its own. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('keeps the process when a socket, a timer, a child, a microtask or a promise throws, and knows which bot each came from', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, '..', 'fixtures', 'escapes.ts')], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({
    escaped: { 'accepted-socket': 1, child: 1, immediate: 1, microtask: 1, promise: 1, socket: 1, tick: 1, timer: 1 },
    unknown: ['nobody’s'],
  })
  expect(status).toBe(0)
})
