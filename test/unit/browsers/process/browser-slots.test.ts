import { describe, expect, it } from 'vitest'
import { BrowserSlots } from '../../../../server/browsers/process/browser-slots.ts'

const forever = new AbortController().signal

describe('places for browsers', () => {
  it('are given in the order of asking and never more than there are', async () => {
    const slots = new BrowserSlots(() => 1)
    const order: string[] = []
    const release = await slots.acquire(forever)
    const second = slots.acquire(forever).then((free) => (order.push('second'), free))
    const third = slots.acquire(forever).then((free) => (order.push('third'), free))
    release()
    release()
    // Asked in the very moment in which the place is handed on.
    const fourth = slots.acquire(forever).then((free) => (order.push('fourth'), free))
    ;(await second)()
    ;(await third)()
    ;(await fourth)()
    expect(order).toEqual(['second', 'third', 'fourth'])
  })

  it('are not given to who has stopped waiting, and are handed on when the limit rises', async () => {
    let limit = 0
    const slots = new BrowserSlots(() => limit)
    const stopped = new AbortController()
    const refused = slots.acquire(stopped.signal)
    const waiting = slots.acquire(forever)
    stopped.abort(new Error('closed'))
    await expect(refused).rejects.toThrow('closed')
    limit = 1
    slots.grant()
    expect(await waiting).toBeTypeOf('function')
    await expect(slots.acquire(stopped.signal)).rejects.toThrow('closed')
  })
})
