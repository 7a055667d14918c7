/** Shift+Esc gives back wherever the focus is, before the page of the session hears of it. */
import { useEventListener } from '@vueuse/core'
import type { Ref } from 'vue'

export function useGiveBackKey(mine: Readonly<Ref<boolean>>, giveBack: () => void): void {
  const heed = (event: KeyboardEvent): void => {
    if (!mine.value || event.key !== 'Escape' || !event.shiftKey) return
    event.preventDefault()
    event.stopImmediatePropagation()
    giveBack()
  }
  useEventListener(window, 'keydown', heed, { capture: true })
}
