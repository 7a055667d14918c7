/** Keeps counts and rates current while the page is in sight: charts shift every few seconds, not with every event. */
import { useDocumentVisibility, useIntervalFn } from '@vueuse/core'
import { watch } from 'vue'
import { useApis } from '../../stores/apis.ts'
import { useOverview } from '../../stores/overview.ts'

const every = 4_000

export function useOverviewRefresh(): void {
  const overview = useOverview()
  const apis = useApis()
  const visibility = useDocumentVisibility()
  const refresh = () => {
    void overview.refresh()
    void apis.refresh()
  }
  const { pause, resume } = useIntervalFn(refresh, every, { immediateCallback: overview.overview === null })
  watch(visibility, (now) => {
    if (now === 'hidden') return pause()
    refresh()
    resume()
  })
}
