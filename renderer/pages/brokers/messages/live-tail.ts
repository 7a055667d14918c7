/** A live tail in the window: what is published on a filter while it runs, bounded, and recorded where that is wanted. */
import { onScopeDispose, ref, shallowRef } from 'vue'
import type { TailLine } from '../../../../server/brokers/contract/index.ts'
import { useApi } from '../../../api/api.ts'
import { MessageBuffer, type HeldMessage } from './message-buffer.ts'
import { Recording } from './recording.ts'

export type TailState = 'off' | 'connecting' | 'live'

/** Ms that come together before they are drawn. */
const drawnEvery = 150

const endTexts: Record<Extract<TailLine, { type: 'ended' }>['reason'], string> = {
  suspended: 'The session was suspended.',
  dropped: 'The session was dropped.',
  kicked: 'The tail was disconnected by the owner.',
  shutdown: 'The brokers were stopped or restarted.',
  'key-revoked': 'The key may not read this any more.',
  done: 'That was all.',
}

export function useLiveTail(name: () => string) {
  const buffer = new MessageBuffer()
  const state = ref<TailState>('off')
  /** Why it ended, where nobody here ended it. */
  const ended = ref<string | null>(null)
  const messages = shallowRef<readonly HeldMessage[]>([])
  const gone = ref(0)
  const skipped = ref(0)
  const recording = shallowRef<Recording | null>(null)
  /** Rises while it records. */
  const recorded = ref(0)
  let socket: WebSocket | null = null
  let drawing: ReturnType<typeof setTimeout> | undefined

  function start({ filter, retained }: { filter: string; retained: boolean }): void {
    stop()
    ended.value = null
    state.value = 'connecting'
    const path = `/brokers/v1/sessions/${encodeURIComponent(name())}/tail`
    const mine = useApi().transport.openSocket(path, { topic: filter, retained })
    socket = mine
    mine.addEventListener('open', () => {
      if (socket === mine) state.value = 'live'
    })
    mine.addEventListener('message', ({ data }) => {
      if (socket === mine && typeof data === 'string') take(data)
    })
    mine.addEventListener('close', () => {
      if (socket !== mine) return
      ended.value ??=
        state.value === 'live'
          ? 'The connection was lost: messages since then are not here.'
          : 'It could not be opened. The session may be suspended, or too many tails are open.'
      leave()
    })
  }

  function take(text: string): void {
    const came: { message: HeldMessage['message']; size: number }[] = []
    for (const line of text.split('\n')) {
      if (line === '') continue
      // Our own server's, typed by its contract.
      const said = JSON.parse(line) as TailLine
      if (said.type === 'ended') ended.value = endTexts[said.reason]
      else if (said.type === 'skipped') {
        skipped.value += said.count
        if (recording.value !== null) recording.value.skipped += said.count
      } else {
        const { type: _, ...message } = said
        came.push({ message, size: line.length })
        recording.value?.add(message)
      }
    }
    buffer.add(came)
    drawing ??= setTimeout(draw, drawnEvery)
  }

  function draw(): void {
    clearTimeout(drawing)
    drawing = undefined
    messages.value = buffer.newestFirst()
    gone.value = buffer.gone
    recorded.value = recording.value?.count ?? 0
  }

  function leave(): void {
    socket = null
    state.value = 'off'
    draw()
  }

  function stop(): void {
    const old = socket
    leave()
    old?.close()
  }

  function clear(): void {
    buffer.clear()
    skipped.value = 0
    draw()
  }

  function record(): void {
    recording.value = new Recording()
    recorded.value = 0
  }

  /** Null where nothing was recorded. */
  function endRecording(): Recording | null {
    const made = recording.value
    recording.value = null
    return made
  }

  onScopeDispose(() => {
    stop()
    clearTimeout(drawing)
  })

  return { state, ended, messages, gone, skipped, recording, recorded, start, stop, clear, record, endRecording }
}
