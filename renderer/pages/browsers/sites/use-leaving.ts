/** Leaving with changes that are not saved asks first. */
import { ref } from 'vue'
import { onBeforeRouteLeave, onBeforeRouteUpdate, useRouter } from 'vue-router'

export function useLeaving(isChanged: () => boolean) {
  const router = useRouter()
  /** Where the person wanted to go; null while nothing is asked. */
  const to = ref<string | null>(null)
  let sure = false
  const guard = (target: { fullPath: string }): boolean => {
    if (sure || !isChanged()) return true
    to.value = target.fullPath
    return false
  }
  onBeforeRouteLeave(guard)
  onBeforeRouteUpdate(guard)
  return {
    to,
    stay: () => (to.value = null),
    async leave(): Promise<void> {
      const target = to.value
      if (target === null) return
      sure = true
      await router.push(target)
      sure = false
    },
  }
}
