import { createPinia, setActivePinia } from 'pinia'
import { watch } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { provideApi } from '../../../renderer/api/api.ts'
import { useEvents } from '../../../renderer/stores/events.ts'
import { standardServer } from '../support/mount.ts'
import { event } from '../support/samples.ts'

describe('the latest events', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    setActivePinia(createPinia())
    provideApi(standardServer())
  })
  afterEach(() => void vi.useRealTimers())

  const many = (from: number, count: number) => Array.from({ length: count }, (_, index) => event(from + index))

  it('puts the newest first', () => {
    const events = useEvents()
    events.take([event(1), event(2)])
    events.take([event(3)])
    expect(events.latest.map(({ id }) => id)).toEqual([3, 2, 1])
  })

  it('stands still above ten a second and counts, then shows them when it is calm', () => {
    const events = useEvents()
    events.take(many(1, 5))
    const before = events.latest
    events.take(many(6, 400))
    expect(events.busy).toBe(true)
    expect(events.latest).toBe(before)
    expect(events.held).toBe(400)
    vi.advanceTimersByTime(1_500)
    expect(events.busy).toBe(false)
    expect(events.held).toBe(0)
    expect(events.latest[0]?.id).toBe(405)
  })

  it('keeps five hundred, whatever comes', () => {
    const events = useEvents()
    for (let second = 0; second < 20; second += 1) events.take(many(second * 1_000 + 1, 1_000))
    events.show()
    expect(events.latest).toHaveLength(500)
    expect(events.latest[0]?.id).toBe(20_000)
  })

  it('draws nothing anew during twenty seconds of a thousand a second, whose list nobody could read', () => {
    const events = useEvents()
    let drawn = 0
    watch(
      () => events.latest,
      () => (drawn += 1),
      { flush: 'sync' },
    )
    for (let frame = 0; frame < 20 * 60; frame += 1) {
      events.take(many(frame * 17 + 1, 17))
      vi.advanceTimersByTime(1_000 / 60)
    }
    expect([events.busy, drawn]).toEqual([true, 0])
    vi.advanceTimersByTime(2_000)
    expect([events.busy, drawn, events.latest[0]?.id]).toEqual([false, 1, 20 * 60 * 17])
  })

  it('merges what the audit trail holds with what it has, each event once', async () => {
    provideApi(standardServer().on('GET /control/v1/audit', () => ({ events: [event(3), event(2), event(1)], more: false })))
    const events = useEvents()
    events.take([event(3), event(4)])
    await events.refresh()
    expect(events.latest.map(({ id }) => id)).toEqual([4, 3, 2, 1])
  })
})
