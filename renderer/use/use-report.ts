/** Toasts: what failed in words, and what to do about it. */
import { useToast } from '@nuxt/ui/composables'
import { ApiError, messageOf } from '../api/api-error.ts'

const advice: Readonly<Record<string, string>> = {
  unreachable: 'The window tries again by itself.',
  timeout: 'It may be busy. Try again in a moment.',
  'port-in-use': 'Choose another port, or end the program that uses this one.',
  'setting-fixed':
    'A flag, a variable or a connected practice site fixes this value. Change it where Wheelhouse is started, or end the practice site.',
  'rate-limited': 'Wait a few seconds, then try again.',
  'key-refused': 'Sign in again, or ask for a key that allows this.',
  'no-browser': 'Open Settings, Browsers to choose or install a Chromium.',
  'no-capacity': 'Close a session, or raise the limit in Settings, Browsers.',
}

export function useReport() {
  const toast = useToast()
  return {
    /** `what` begins with the thing: "Port of browsers was not changed". */
    failed(what: string, error: unknown): void {
      const told = error instanceof ApiError ? advice[error.code] : undefined
      const message = messageOf(error)
      toast.add({
        title: what,
        description: told === undefined ? message : `${message}. ${told}`.replace('..', '.'),
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
