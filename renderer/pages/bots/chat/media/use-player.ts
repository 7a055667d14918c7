/** Plays one sound: where it is, how fast, and only one at a time in the whole window. */
import { computed, nextTick, onScopeDispose, ref, watch, type Ref } from 'vue'

const speeds = [1, 1.5, 2] as const

/** What plays now, in any chat. */
let sounding: HTMLMediaElement | null = null

export interface PlayerOptions {
  /** What the message says about its length, until the sound itself tells. */
  seconds(): number | null
  /** Brings the bytes. */
  load(): Promise<boolean>
}

export function usePlayer(element: Readonly<Ref<HTMLMediaElement | null>>, { seconds, load }: PlayerOptions) {
  const playing = ref(false)
  const position = ref(0)
  const own = ref<number | null>(null)
  const speed = ref<number>(speeds[0])
  const length = computed(() => own.value ?? seconds())
  const begun = computed(() => playing.value || position.value > 0)
  const share = computed(() => (length.value === null || length.value === 0 ? 0 : Math.min(1, position.value / length.value)))

  async function toggle(): Promise<void> {
    if (element.value === null) {
      if (!(await load())) return
      await nextTick()
    }
    const { value: sound } = element
    if (sound === null) return
    if (!sound.paused) return sound.pause()
    if (sounding !== null && sounding !== sound) sounding.pause()
    sounding = sound
    sound.playbackRate = speed.value
    // What cannot be played tells so by its `error` event; a pause in between is none.
    await sound.play().catch(() => undefined)
  }

  /** `to` is a share of the whole. */
  async function seek(to: number): Promise<void> {
    if (element.value === null && (await load())) await nextTick()
    if (element.value === null || length.value === null) return
    element.value.currentTime = Math.min(1, Math.max(0, to)) * length.value
    position.value = element.value.currentTime
  }

  function faster(): void {
    speed.value = speeds[(speeds.findIndex((each) => each === speed.value) + 1) % speeds.length] ?? 1
  }

  watch(speed, (now) => {
    if (element.value !== null) element.value.playbackRate = now
  })
  onScopeDispose(() => {
    if (sounding === element.value) sounding = null
  })

  const listeners = {
    play: () => (playing.value = true),
    pause: () => (playing.value = false),
    ended: () => (position.value = 0),
    timeupdate: () => (position.value = element.value?.currentTime ?? 0),
    loadedmetadata() {
      const { duration = NaN } = element.value ?? {}
      if (Number.isFinite(duration) && duration > 0) own.value = duration
    },
  }
  return { playing, position, length, share, begun, speed, toggle, seek, faster, listeners }
}
