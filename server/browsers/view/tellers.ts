/** What of a session's dialogs and downloads a view is told, and when. */
import type { Clock } from '../../clock.ts'
import type { ViewNotice } from '../contract/live-view-messages.ts'
import type { ViewableSession } from './viewable-session.ts'

type Notify = (notice: ViewNotice) => void

/** To be called when they have changed: tells all that wait. */
export function tellDialogs(dialogs: ViewableSession['dialogs'], clock: Pick<Clock, 'monotonic'>, notify: Notify): () => void {
  return () => {
    const waiting = dialogs.list().map(({ deadline, message, ...dialog }) => ({
      ...dialog,
      message: message.slice(0, 5_000),
      secondsLeft: Math.max(0, Math.round((deadline - clock.monotonic()) / 1_000)),
    }))
    notify({ type: 'dialogs', dialogs: waiting })
  }
}

/** To be called when they have changed: tells of those alone that have. What was there before is not told. */
export function tellDownloads(downloads: ViewableSession['downloads'], notify: Notify): () => void {
  const told = new Map(downloads.list().map((each) => [each.id, factsOf(each)]))
  return () => {
    for (const each of downloads.list()) {
      const facts = factsOf(each)
      if (told.get(each.id) === facts) continue
      told.set(each.id, facts)
      const { id, name, state, receivedBytes, totalBytes } = each
      notify({ type: 'download', download: { id, name, state, receivedBytes, totalBytes } })
    }
  }
}

const factsOf = ({ state, receivedBytes, totalBytes }: { state: string; receivedBytes: number; totalBytes: number | null }): string =>
  `${state} ${receivedBytes} ${totalBytes}`
