import type { Browser } from 'puppeteer-core'
import { expect, it } from 'vitest'
import { readState, type StateSource } from '../../../../server/browsers/kept/read-state.ts'

it('cookies, which are the login, are waited for when a busy browser takes longer for them than a page has', async () => {
  const answered = Promise.withResolvers<{ cookies: object[] }>()
  const cdp = { send: () => answered.promise, detach: async () => undefined }
  // Of the browser no more is asked than its cookies.
  const puppeteer = { target: () => ({ createCDPSession: async () => cdp }) } as unknown as Browser
  const source: StateSource = {
    browser: { running: { puppeteer } },
    pages: { list: () => [], active: () => null, inBackground: () => expect.unreachable('nothing is read at the back') },
  }
  const limits = new Map<number, () => void>()
  const startTimer = (ms: number, ring: () => void): (() => void) => {
    limits.set(ms, ring)
    return () => void limits.delete(ms)
  }
  const patience = 1_200
  const reading = readState(source, { patience, known: new Map(), startTimer })
  limits.get(patience)?.()
  answered.resolve({ cookies: [{ name: 'sid', value: '1', domain: 'app.test', path: '/', httpOnly: true, secure: true, session: true }] })
  expect((await reading).cookies).toMatchObject([{ name: 'sid', expires: -1 }])
  expect(limits.size).toBe(0)
})
