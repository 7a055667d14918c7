/** What `sign-in-link` says where its server is gone, hangs, or another program has its port. */
import { createServer, type RequestListener } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { isDataDirHeld, lockDataDir, writeRuntimeFile } from '../../../server/config/runtime-file.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'
import { runCli, startServer } from '../../fakes/server-process.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'

const ask = async (folder: string): Promise<{ code: number | null; line: string }> => {
  const { code, stdout, stderr } = await runCli(['sign-in-link', '--data-dir', folder])
  expect(stdout).toBe('')
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  return { code, line: stderr }
}

/** A program that is no Wheelhouse, and what it was asked. */
async function otherProgram(answer: RequestListener): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`)
    answer(request, response)
  })
  const url = await listenOnLoopback(server)
  onTestFinished(() => stopServer(server))
  return { url, asked }
}

/** The file of a server of which this process has the pid. */
const claim = (folder: string, url: string): void =>
  writeRuntimeFile(folder, { version: '0.1.0', pid: process.pid, control: { url, token: 'who_secret' }, apis: {} })

test('where none runs it says so', async () => {
  expect(await ask(temporaryFolder())).toMatchObject({
    code: 2,
    line: expect.stringMatching(/^wheelhouse: no Wheelhouse runs on .*: start one, or name its folder with --data-dir\n$/),
  })
})

test('a server that was killed, whose pid and port others have since, is told to be gone, and the others are not asked', async () => {
  const server = await startServer()
  onTestFinished(() => server.dispose())
  expect(isDataDirHeld(server.dataDir)).toBe(true)
  await server.end('SIGKILL')
  expect(isDataDirHeld(server.dataDir)).toBe(false)
  const other = await otherProgram((_, response) => void response.end('hello'))
  claim(server.dataDir, other.url)
  expect(await ask(server.dataDir)).toMatchObject({ code: 2, line: expect.stringContaining('has ended without its last word') })
  expect(other.asked).toEqual([])
})

test.each([
  ['a page', (_, response) => void response.end('<h1>hello</h1>'), 'answered 200, as no Wheelhouse'],
  ['a refusal', (_, response) => void response.writeHead(404).end(), 'answered 404, as no Wheelhouse'],
  ['nothing at all', (request) => void request.destroy(), `(pid ${process.pid}) does not answer`],
] satisfies [string, RequestListener, string][])(
  'a server that runs while its address answers with %s says where to look',
  async (_, answer, words) => {
    const folder = temporaryFolder()
    const lock = lockDataDir(folder)
    onTestFinished(() => lock.release())
    claim(folder, (await otherProgram(answer)).url)
    expect(await ask(folder)).toMatchObject({ code: 2, line: expect.stringContaining(words) })
  },
)
