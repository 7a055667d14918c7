/** Toasts: what failed in words, and what to do about it. */
import { useToast } from '@nuxt/ui/composables'
import { words } from '../presentation/words.ts'
import { ApiError, messageOf } from '../api/api-error.ts'

export function useReport() {
  const toast = useToast()
  return {
    /** `what` begins with the thing: "Port of browsers was not changed". */
    failed(what: string, error: unknown): void {
      const advice = error instanceof ApiError ? words.window.advice[error.code] : undefined
      const message = messageOf(error)
      toast.add({
        title: what,
        description: advice === undefined ? message : `${message}. ${advice}`.replace('..', '.'),
        color: 'error',
        icon: 'i-lucide-circle-alert',
        duration: 9_000,
      })
    },
    done(title: string, description?: string): void {
      toast.add({ title, ...(description === undefined ? {} : { description }), color: 'neutral', icon: 'i-lucide-check', duration: 3_500 })
    },
  }
}
