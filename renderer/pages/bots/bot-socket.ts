/** What happens to one bot, as it happens: `WS …/events`, opened again when it closes, for as long as the calling component lives. */
import { onScopeDispose, ref, watch, type Ref } from 'vue'
import { botEvent, type BotEvent } from '../../../server/bots/contract/index.ts'
import { useApi } from '../../api/api.ts'

const firstDelay = 500
const longestDelay = 8_000

export interface BotSocketListener {
  event(event: BotEvent): void
  /** The socket opened: what happened before has to be read. */
  opened?(): void
}

export function useBotSocket(userId: Ref<string>, listener: BotSocketListener): { live: Ref<boolean> } {
  const live = ref(false)
  let socket: WebSocket | null = null
  let retry: ReturnType<typeof setTimeout> | undefined
  let delay = firstDelay

  function open(): void {
    const mine = useApi().transport.openSocket(`/bots/api/sessions/${userId.value}/events`)
    socket = mine
    mine.addEventListener('open', () => {
      if (socket !== mine) return
      delay = firstDelay
      live.value = true
      listener.opened?.()
    })
    mine.addEventListener('message', ({ data }) => {
      const event = socket === mine ? parse(data) : null
      if (event !== null) listener.event(event)
    })
    mine.addEventListener('close', () => {
      if (socket !== mine) return
      socket = null
      live.value = false
      retry = setTimeout(open, delay)
      delay = Math.min(longestDelay, delay * 2)
    })
  }

  function close(): void {
    clearTimeout(retry)
    const old = socket
    socket = null
    live.value = false
    old?.close()
  }

  watch(
    userId,
    () => {
      close()
      open()
    },
    { immediate: true },
  )
  onScopeDispose(close)
  return { live }
}

function parse(data: unknown): BotEvent | null {
  if (typeof data !== 'string') return null
  try {
    return botEvent.safeParse(JSON.parse(data)).data ?? null
  } catch {
    return null
  }
}
