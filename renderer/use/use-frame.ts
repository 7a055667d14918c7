/** How much of the window's frame is shown around a page: all of it, the side bar as icons, or nothing. */
import { createSharedComposable, useFullscreen } from '@vueuse/core'
import { computed, ref } from 'vue'
import { useRoute } from 'vue-router'

export const useFrame = createSharedComposable(() => {
  const route = useRoute()
  const { isFullscreen, isSupported, toggle, exit } = useFullscreen()
  /** A person has unfolded the side bar on a page that folds it. */
  const unfolded = ref(false)
  /** A page with its window to itself: a window of its own, or the whole screen. */
  const bare = computed(() => isFullscreen.value || route.query['window'] !== undefined)
  return {
    bare,
    /** The side bar shows icons alone. */
    folded: computed(() => route.meta['rail'] === 'icons' && !unfolded.value),
    unfolded,
    fullScreen: { on: isFullscreen, possible: isSupported, toggle, leave: exit },
  }
})
