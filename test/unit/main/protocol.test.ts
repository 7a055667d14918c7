import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serveWindow, windowScheme } from '../../../main/protocol.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

function built() {
  const folder = temporaryFolder()
  const root = join(folder, 'renderer')
  mkdirSync(join(root, 'assets'), { recursive: true })
  writeFileSync(join(folder, 'secret.json'), '{"token":"x"}')
  writeFileSync(join(root, 'index.html'), '<!doctype html>')
  writeFileSync(join(root, 'assets/app-1a2b.js'), 'export {}')
  writeFileSync(join(root, 'assets/font.woff2'), Buffer.from([1, 2, 3]))
  writeFileSync(join(root, 'assets/tool.exe'), '')
  const serve = serveWindow({ root, policy: () => Promise.resolve("default-src 'none'") })
  return (path: string, init?: RequestInit) => serve(new Request(`app://wheelhouse${path}`, init))
}

test('the page comes with its policy, its files with their types', async () => {
  const get = built()
  const page = await get('/')
  expect([page.status, page.headers.get('content-type'), page.headers.get('content-security-policy')]).toEqual([
    200,
    'text/html; charset=utf-8',
    "default-src 'none'",
  ])
  expect((await get('/?x=1#/browsers')).status).toBe(200)
  const script = await get('/assets/app-1a2b.js')
  expect([script.status, script.headers.get('content-type'), script.headers.get('x-content-type-options')]).toEqual([
    200,
    'text/javascript; charset=utf-8',
    'nosniff',
  ])
  const font = await get('/assets/font.woff2')
  expect(new Uint8Array(await font.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]))
})

test.each([
  '/../secret.json',
  '/assets/../../secret.json',
  '/%2e%2e/secret.json',
  '/..%2fsecret.json',
  '/assets/..%2f..%2fsecret.json',
  '/%2e%2e%5csecret.json',
  '/..\\secret.json',
  '//etc/hosts.json',
  '/C:/secret.json',
  '/secret.json%00.js',
  '/%',
  '/assets',
  '/assets/',
  '/assets/missing.js',
  '/assets/tool.exe',
  '/browsers',
  `/${'a'.repeat(5_000)}.js`,
])('%s gives nothing', async (path) => {
  const answer = await built()(path)
  expect([400, 404]).toContain(answer.status)
  expect(await answer.text()).not.toContain('token')
})

test('another host of the scheme and another method get nothing', async () => {
  const serve = serveWindow({ root: temporaryFolder(), policy: () => Promise.resolve('') })
  expect((await serve(new Request('app://elsewhere/'))).status).toBe(404)
  expect((await built()('/', { method: 'POST', body: 'x' })).status).toBe(405)
})

test('the scheme is an origin of its own with the rights of https, and bypasses no policy', () => {
  expect(windowScheme.privileges).toEqual({ standard: true, secure: true, supportFetchAPI: true, corsEnabled: true, codeCache: true })
})
