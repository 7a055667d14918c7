/** The time of day, once a second, for everything that shows how long ago something was. */
import { useIntervalFn, createSharedComposable } from '@vueuse/core'
import { ref } from 'vue'

export const useNow = createSharedComposable(() => {
  const now = ref(Date.now())
  useIntervalFn(() => (now.value = Date.now()), 1_000)
  return now
})
