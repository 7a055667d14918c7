/** Whether the window reaches its server and as whom; owns the event stream. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { KeyScope } from '../../server/control/contract/index.ts'
import type { BusEvent } from '../../server/events/event.ts'
import type { Right } from '../../server/http/rights.ts'
import { ApiError, messageOf } from './api-error.ts'
import { useApi } from './api.ts'
import { EventStream, type EventStreamOptions, type Pulse } from './event-stream.ts'

export type ConnectionState = 'connecting' | 'connected' | 'unreachable' | 'signed-out'

type Listener<Value> = (value: Value) => void

export interface ConnectionOptions extends Pick<EventStreamOptions, 'nextFrame' | 'random'> {
  /** Finds out where the server is; asked again after every loss, since a change of the control port moves it. */
  locate?(): Promise<void>
}

const firstDelay = 500
const longestDelay = 8_000

export const useConnection = defineStore('connection', () => {
  const state = ref<ConnectionState>('connecting')
  /** True once anything was shown: later losses leave the page in place. */
  const wasConnected = ref(false)
  const actor = ref<string | null>(null)
  const scopes = shallowRef<KeyScope[] | null>(null)
  /** Null for the owner, and for a key of the older form, which has scopes. */
  const rights = shallowRef<Right[] | null>(null)
  const pulse = shallowRef<Pulse | null>(null)
  /** When the next try comes, ms since the epoch. */
  const retryAt = ref<number | null>(null)

  /** Why the last sign-in was refused. */
  const refusal = ref<string | null>(null)

  const onEvents = listeners<BusEvent[]>()
  const onChanged = listeners<ReadonlySet<string>>()
  const onRefresh = listeners<void>()

  let options: ConnectionOptions = {}
  let stream: EventStream | null = null
  let retry: ReturnType<typeof setTimeout> | undefined
  let delay = firstDelay
  /** How often the event stream has opened. */
  let opened = 0

  /** Finds out who is signed in and follows the events from then on. */
  async function start(given?: ConnectionOptions): Promise<void> {
    options = given ?? options
    stream ??= createStream()
    clearTimeout(retry)
    const before = opened
    try {
      await options.locate?.()
      const me = await useApi().control.whoAmI()
      actor.value = me.actor
      scopes.value = me.scopes
      rights.value = me.rights
      delay = firstDelay
      stream.start()
    } catch (error) {
      // Another try has come through meanwhile.
      if (opened !== before) return
      if (isSignedOut(error)) return becomeSignedOut()
      state.value = 'unreachable'
      retryAt.value = Date.now() + delay
      retry = setTimeout(() => void start(), delay)
      delay = Math.min(longestDelay, delay * 2)
    }
  }

  function createStream(): EventStream {
    return new EventStream({
      ...options,
      connect: (since) => useApi().transport.openSocket('/control/v1/events', { since }),
      onEvents: (batch) => onEvents.notify(batch),
      onChanged: (resources) => onChanged.notify(resources),
      onGap: () => onRefresh.notify(),
      onPulse: (value) => (pulse.value = value),
      onOpen() {
        opened += 1
        clearTimeout(retry)
        state.value = 'connected'
        wasConnected.value = true
        retryAt.value = null
        onRefresh.notify()
      },
      onLost(retryIn) {
        retryAt.value = Date.now() + retryIn
        void explainLoss()
      },
    })
  }

  /**
   * A refused WebSocket does not say why, so ask over HTTP whether we are signed out or the server is gone. An answer that comes after the
   * stream has opened again is about a time that is over.
   */
  async function explainLoss(): Promise<void> {
    const before = opened
    try {
      await options.locate?.()
      await useApi().control.whoAmI()
      if (state.value === 'unreachable') state.value = 'connecting'
    } catch (error) {
      if (opened !== before) return
      if (isSignedOut(error)) becomeSignedOut()
      else if (state.value !== 'signed-out') state.value = 'unreachable'
    }
  }

  function becomeSignedOut(): void {
    stream?.stop()
    clearTimeout(retry)
    state.value = 'signed-out'
    actor.value = null
    retryAt.value = null
  }

  async function signIn(credential: { code: string } | { key: string }): Promise<void> {
    await useApi().control.signIn({ body: credential })
    refusal.value = null
    state.value = 'connecting'
    await start()
  }

  /** A sign-in link that did not work: says so on the sign-in page, unless this browser is signed in already. */
  async function refuse(error: unknown): Promise<void> {
    refusal.value = messageOf(error)
    await start()
  }

  async function signOut(): Promise<void> {
    await useApi().control.signOut()
    becomeSignedOut()
  }

  /** The person's "try now". */
  async function retryNow(): Promise<void> {
    if (wasConnected.value) stream?.retryNow()
    else await start()
  }

  function stop(): void {
    clearTimeout(retry)
    stream?.stop()
    stream = null
  }

  return {
    state,
    wasConnected,
    actor,
    scopes,
    rights,
    pulse,
    retryAt,
    refusal,
    start,
    stop,
    signIn,
    refuse,
    signOut,
    retryNow,
    /** Each returns what ends the subscription. */
    onEvents: onEvents.add,
    onChanged: onChanged.add,
    /** Called whenever what is shown may be stale: on connecting and after a gap. */
    onRefresh: onRefresh.add,
  }
})

function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.status === 403)
}

function listeners<Value>() {
  const all = new Set<Listener<Value>>()
  return {
    add(listener: Listener<Value>): () => void {
      all.add(listener)
      return () => all.delete(listener)
    },
    notify(value: Value): void {
      for (const listener of all) listener(value)
    },
  }
}
