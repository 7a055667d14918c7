/** What a person sets going, e.g. by a button: whether it runs, and why it failed. */
import { computed, ref, shallowRef } from 'vue'
import { messageOf } from '../api/api-error.ts'
import { useReport } from './use-report.ts'

type Work = () => Promise<unknown>

/** A failure is shown in place. One run at a time: a second click while it runs is nobody's wish. */
export function useAction() {
  const running = ref(false)
  /** What the last run threw; null again when the next one begins. */
  const error = shallowRef<unknown>(null)

  /** Resolves to whether it ran to its end. */
  async function run(work: Work): Promise<boolean> {
    if (running.value) return false
    running.value = true
    error.value = null
    try {
      await work()
      return true
    } catch (thrown) {
      error.value = thrown
      return false
    } finally {
      running.value = false
    }
  }

  return {
    running,
    error,
    /** `error` as words. */
    failure: computed(() => (error.value === null ? null : messageOf(error.value))),
    run,
    clear: () => (error.value = null),
  }
}

/** A failure is a notice. Several may run at once, as where many rows have a switch each. */
export function useReportedAction() {
  const report = useReport()
  /** The key of what was started last, while it runs. */
  const current = ref<string | null>(null)

  /** `failed` is the notice's title, e.g. "The page did not go back". Resolves to whether it ran to its end. */
  async function run(failed: string, work: Work, key: string = failed): Promise<boolean> {
    current.value = key
    try {
      await work()
      return true
    } catch (error) {
      report.failed(failed, error)
      return false
    } finally {
      if (current.value === key) current.value = null
    }
  }

  return { running: computed(() => current.value !== null), current, run }
}
