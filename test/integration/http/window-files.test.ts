import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWindowFiles, windowPolicy } from '../../../server/http/window-files.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'

let folder: string
let server: Server
let url: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wheelhouse-window-'))
  writeFileSync(join(folder, 'index.html'), '<title>window</title>')
  server = createServer(createWindowFiles(folder))
  url = await listenOnLoopback(server)
})
afterAll(async () => {
  await stopServer(server)
  rmSync(folder, { recursive: true, force: true })
})

test('a path that is no file is the window, under its policy', async () => {
  const answer = await fetch(`${url}/some/page`)
  expect(await answer.text()).toContain('window')
  expect(answer.headers.get('content-security-policy')).toBe(windowPolicy)
})

test('what wants to change something is not answered with the window', async () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const answer = await fetch(`${url}/nowhere`, { method })
    expect(answer.status).toBe(404)
    expect(await answer.text()).not.toContain('window')
  }
})
