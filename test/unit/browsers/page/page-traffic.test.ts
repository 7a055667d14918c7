import { EventEmitter } from 'node:events'
import type { Page } from 'puppeteer-core'
import { expect, it, onTestFinished, vi } from 'vitest'
import { PageTraffic } from '../../../../server/browsers/page/page-traffic.ts'

function start({ onAsked = () => undefined }: { onAsked?: () => void } = {}) {
  let now = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
  onTestFinished(() => clock.mockRestore())
  const events = new EventEmitter()
  const evaluate = () => {
    onAsked()
    return Promise.resolve('complete')
  }
  const traffic = new PageTraffic(Object.assign(events, { evaluate }) as unknown as Page) // of a page, what is heard and asked of it
  return { events, traffic, advance: (ms: number) => void (now += ms) }
}

it('a page is quiet when it has asked for nothing, and nothing was done to it, for that long', async () => {
  const { events, traffic, advance } = start()
  advance(1_000)
  expect(await traffic.isQuiet(1_000)).toBe(true)
  traffic.stirred()
  expect(await traffic.isQuiet(1_000)).toBe(false)
  advance(1_000)
  expect(await traffic.isQuiet(1_000)).toBe(true)
  const request = {}
  events.emit('request', request)
  advance(1_000)
  expect(await traffic.isQuiet(1_000)).toBe(false)
  events.emit('requestfinished', request)
  advance(1_000)
  expect(await traffic.isQuiet(1_000)).toBe(true)
})

it('a page that asks for something while it says that it is loaded is not quiet', async () => {
  const { events, traffic, advance } = start({ onAsked: () => void events.emit('request', {}) })
  advance(1_000)
  expect(await traffic.isQuiet(1_000)).toBe(false)
})
