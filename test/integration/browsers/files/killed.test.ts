/** A server killed in mid-download. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { newDataDir, startServer } from '../../../fakes/server-process.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { startHandsSite, type HandsSite } from '../../../fixtures/hands-site.ts'

let site: HandsSite
beforeAll(async () => {
  site = await startHandsSite()
})
afterAll(() => site.stop())
const partsIn = (folder: string): string[] => readdirSync(folder).filter((name) => !name.startsWith('downloads.json'))

it('a download that its server was killed in is told as lost by the next one, and nothing of it stays', async () => {
  const dataDir = newDataDir()
  const first = await startServer({ dataDir })
  onTestFinished(() => first.dispose())
  const settings = { network: { allowedRanges: ['127.0.0.0/8'] } }
  await first.call('/control/v1/settings', { method: 'PATCH', json: settings })
  await first.call('/control/v1/site-profiles/hands', {
    method: 'PUT',
    json: { title: 'Hands', kind: 'none', address: `${site.url}/` },
  })
  const opened = await first.call('/browsers/v1/browser-sessions', { method: 'POST', json: { profile: 'hands' } })
  const { id } = ((await opened.json()) as { session: { id: string } }).session
  const listed = async (server: typeof first) =>
    (
      (await (await server.call(`/browsers/v1/browser-sessions/${id}/downloads`)).json()) as {
        downloads?: { state: string; receivedBytes: number }[]
      }
    ).downloads?.[0]
  const address = async () =>
    ((await (await first.call(`/browsers/v1/browser-sessions/${id}`)).json()) as { session: { currentUrl: string } }).session.currentUrl
  await eventually('it is at its page', async () => (await address()) === `${site.url}/`)
  // What is downloaded is no page to go to.
  await first.call(`/browsers/v1/browser-sessions/${id}/navigate`, { method: 'POST', json: { address: `${site.url}/slow.bin` } })
  await eventually('it arrives', async () => Number((await listed(first))?.receivedBytes) > 0)
  await first.end('SIGKILL')

  const second = await startServer({ dataDir })
  onTestFinished(() => second.dispose())
  expect(await listed(second)).toMatchObject({ name: 'slow.bin', state: 'failed', reason: 'The server stopped' })
  await eventually('nothing of it is left', () => partsIn(join(dataDir, 'browsers', 'downloads', id)).length === 0)
  expect(await second.end('SIGTERM')).toBe(0)
})
