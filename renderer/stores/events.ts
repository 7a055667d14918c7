/** The latest events, newest first: a capped ring that stays readable however many come in. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { BusEvent } from '../../server/events/event.ts'
import { useApi } from '../api/api.ts'
import { useConnection } from '../api/connection.ts'

/** Above this many a second, a list that moves cannot be read: it only counts. */
const readableRate = 10
const capacity = 500

export const useEvents = defineStore('events', () => {
  const connection = useConnection()
  const latest = shallowRef<BusEvent[]>([])
  /** Came in while the list stood still. */
  const held = ref(0)
  const perSecond = ref(0)
  const busy = computed(() => perSecond.value > readableRate)

  let ring: BusEvent[] = []
  let arrivals: { at: number; count: number }[] = []
  let settle: ReturnType<typeof setTimeout> | undefined

  function take(batch: readonly BusEvent[]): void {
    ring = [...batch.toReversed(), ...ring].slice(0, capacity)
    const now = performance.now()
    arrivals.push({ at: now, count: batch.length })
    measure(now)
    if (busy.value) {
      held.value += batch.length
      clearTimeout(settle)
      settle = setTimeout(calm, 1_000)
    } else show()
  }

  function measure(now: number): void {
    arrivals = arrivals.filter(({ at }) => now - at < 1_000)
    perSecond.value = arrivals.reduce((sum, { count }) => sum + count, 0)
  }

  /** After a second without a batch the list moves again. */
  function calm(): void {
    measure(performance.now())
    if (busy.value) settle = setTimeout(calm, 500)
    else show()
  }

  function show(): void {
    latest.value = ring
    held.value = 0
  }

  /** Reads the newest page of the audit trail: at the start and after a gap. */
  async function refresh(): Promise<void> {
    try {
      const { events } = await useApi().control.audit({ query: { limit: 100 } })
      const known = new Set(events.map(({ id }) => id))
      ring = [...events, ...ring.filter(({ id }) => !known.has(id))].sort((a, b) => b.id - a.id).slice(0, capacity)
      show()
    } catch {
      // What is shown stays; the connection's own state says what is wrong.
    }
  }

  connection.onEvents(take)
  connection.onRefresh(() => void refresh())

  return { latest, held, perSecond, busy, take, show, refresh }
})
