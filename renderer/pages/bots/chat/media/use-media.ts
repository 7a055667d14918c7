/** The bytes of one message for as long as its bubble is drawn. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { messageOf } from '../../../../api/api-error.ts'
import { useChatContext } from '../context.ts'
import type { ChatMessage } from '../thread.ts'
import type { MediaBytes } from './media-store.ts'

export interface MessageMedia {
  /** Null until they are here. */
  bytes: Readonly<{ value: MediaBytes | null }>
  /** For `src`. */
  address: Readonly<{ value: string | null }>
  loading: Readonly<{ value: boolean }>
  failure: Readonly<{ value: string | null }>
  /** Resolves to whether the bytes are here. */
  load(): Promise<boolean>
}

/** `atOnce` reads what is kept without being asked, up to a size. */
export function useMedia(message: () => ChatMessage, { atOnce = 0 }: { atOnce?: number } = {}): MessageMedia {
  const { media: store } = useChatContext()
  const bytes = shallowRef<MediaBytes | null>(null)
  const loading = ref(false)
  const failure = ref<string | null>(null)
  /** The path that is held. */
  let holds: string | null = null

  async function load(): Promise<boolean> {
    const path = message().media?.url ?? null
    if (path === null) return false
    if (path === holds && (bytes.value !== null || loading.value)) return bytes.value !== null
    letGo()
    holds = path
    loading.value = true
    failure.value = null
    try {
      const found = await store.hold(path)
      if (holds !== path) return false
      bytes.value = found
    } catch (thrown) {
      if (holds === path) {
        holds = null
        failure.value = messageOf(thrown)
      }
    } finally {
      if (holds === path || holds === null) loading.value = false
    }
    return bytes.value !== null
  }

  function letGo(): void {
    if (holds !== null) store.release(holds)
    holds = null
    bytes.value = null
  }

  watch(
    () => message().media,
    (kept) => {
      // What is shown stays shown, also when nobody has it any more.
      if (kept == null || kept.url === holds) return
      const here = store.held(kept.url)
      if (here !== null) {
        letGo()
        holds = kept.url
        bytes.value = here
      } else if (kept.state === 'kept' && (kept.size ?? Infinity) <= atOnce) void load()
    },
    { immediate: true },
  )
  onScopeDispose(letGo)
  return { bytes, address: computed(() => bytes.value?.address ?? null), loading, failure, load }
}
