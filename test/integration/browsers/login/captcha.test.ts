import { createServer } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCaptchaClient, type Captcha } from '../../../../server/browsers/login/captcha.ts'
import { startCaptchaService, type CaptchaService } from '../../../fakes/captcha-service.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../../fixtures/loopback.ts'

const recaptcha: Captcha = { kind: 'recaptcha-v2', siteKey: '6Lsite', pageUrl: 'https://portal.test/login' }
const key = 'demo-captcha-key'
const hour = 3_600_000

describe('the captcha client', () => {
  let service: CaptchaService
  beforeEach(async () => {
    service = await startCaptchaService()
  })
  afterEach(() => service.stop())

  const client = (changes: { timeout?: number; address?: string } = {}) =>
    createCaptchaClient({ address: service.address, timeout: hour, pollEvery: 20, fetch, ...changes })
  const solve = (captcha: Captcha = recaptcha, apiKey = key, signal = new AbortController().signal) =>
    client().solve(captcha, apiKey, signal)
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => expect.unreachable('it was solved'),
      (error: unknown) => error,
    )

  it('brings the answer that the service issued', async () => {
    expect(service.spend(await solve())).toBe(true)
  })

  it('sends what the service needs for a recaptcha', async () => {
    await solve()
    expect(service.requests[0]).toMatchObject({
      method: 'POST',
      path: '/in.php',
      fields: { key, method: 'userrecaptcha', googlekey: '6Lsite', pageurl: 'https://portal.test/login' },
    })
    expect(service.requests[1]).toMatchObject({ method: 'GET', path: '/res.php', fields: { key, action: 'get' } })
  })

  it('sends a picture as base64', async () => {
    expect(service.spend(await solve({ kind: 'image', base64: 'aGFyYm9y' }))).toBe(true)
    expect(service.requests[0]?.fields).toMatchObject({ method: 'base64', body: 'aGFyYm9y' })
  })

  it('asks again while the answer is not ready, once per interval', async () => {
    service.notReady = 4
    const begun = performance.now()
    await solve()
    expect(service.requests.filter(({ path }) => path === '/res.php')).toHaveLength(5)
    expect(performance.now() - begun).toBeGreaterThanOrEqual(5 * 20 - 10)
  })

  it.each([
    ['unsolvable', 'The captcha service refused: the captcha could not be solved'],
    ['no-balance', 'The captcha service refused: the account has no money left'],
    ['broken', /^The captcha service at 127\.0\.0\.1:\d+ gave an answer that makes no sense \(status 502\)$/],
  ] as const)('says in plain words that the service is %s', async (mood, message) => {
    service.mood = mood
    expect(await failure(solve())).toMatchObject({ code: 'captcha-failed', message: expect.stringMatching(message) })
  })

  it('names a wrong key as the reason without repeating it', async () => {
    const error = await failure(solve(recaptcha, 'wrong-key-4711'))
    expect(error).toMatchObject({ code: 'captcha-failed', message: 'The captcha service refused: it does not know the captcha key' })
    expect(everythingIn(error)).not.toContain('4711')
  })

  it('says that the service cannot be reached without showing the key, which stands in the address it asks', async () => {
    const address = service.address
    await service.stop()
    const error = await failure(client({ address }).solve(recaptcha, 'key-4711', new AbortController().signal))
    expect(error).toMatchObject({ code: 'captcha-failed', message: `The captcha service at ${new URL(address).host} cannot be reached` })
    expect(everythingIn(error)).not.toContain('4711')
  })

  it('follows no redirect, since that would carry the key elsewhere', async () => {
    const other = createServer((_, response) => void response.writeHead(307, { location: `${service.address}/in.php` }).end())
    const address = await listenOnLoopback(other)
    expect(await failure(client({ address }).solve(recaptcha, key, new AbortController().signal))).toMatchObject({ code: 'captcha-failed' })
    await stopServer(other)
    expect(service.requests).toEqual([])
  })

  it.each(['hang', 'never-ready'] as const)('gives up in time when the service is in the mood %s', async (mood) => {
    service.mood = mood
    expect(await failure(client({ timeout: 200 }).solve(recaptcha, key, new AbortController().signal))).toMatchObject({
      code: 'captcha-failed',
      message: 'The captcha was not solved within 0.2 s',
    })
  })

  it.each(['hang', 'never-ready'] as const)('stops at once when it is aborted in the mood %s', async (mood) => {
    service.mood = mood
    const stop = new AbortController()
    const solving = failure(client().solve(recaptcha, key, stop.signal))
    await eventually('a request', () => service.requests.length > 0)
    const reason = new Error('the session is being closed')
    stop.abort(reason)
    // What goes on until its time is over would not come to this.
    expect(await solving).toBe(reason)
  })

  it('understands services that answer in plain text and never in JSON', async () => {
    const replies = ['OK|77', 'CAPCHA_NOT_READY', 'OK|the answer']
    const plain = createServer((_, response) => void response.end(replies.shift()))
    const address = await listenOnLoopback(plain)
    expect(await client({ address: `${address}/` }).solve(recaptcha, key, new AbortController().signal)).toBe('the answer')
    await stopServer(plain)
  })
})

/** Message, stack, details and causes, as a careless log would print them. */
function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error)
  return [error.message, error.stack, JSON.stringify(error), error.cause === undefined ? '' : everythingIn(error.cause)].join('\n')
}
