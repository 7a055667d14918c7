/** Waits for what a click downloads. */
import { waitFor } from '../../async/deadline.ts'
import { BrowserFault } from '../fault.ts'
import type { OutputFile } from '../site/read-output.ts'
import type { SessionDownloads } from './session-downloads.ts'

/** Ms until a download has begun, and until it is whole. */
const beginsWithin = 15_000
const doneWithin = 5 * 60_000

/** Null when nothing came. Throws `operation-failed` for a file that did not arrive, or the signal's reason. */
export async function fetchDownload(
  session: { id: string; downloads: SessionDownloads },
  click: () => Promise<void>,
  signal: AbortSignal,
): Promise<OutputFile | null> {
  const { downloads } = session
  const before = new Set(downloads.list().map(({ id }) => id))
  const latest = () => downloads.list().find(({ id }) => !before.has(id))
  const until = (ms: number, isSo: () => boolean): Promise<void> =>
    isSo() ? Promise.resolve() : waitFor(ms, (done) => downloads.onChange(() => (isSo() ? done() : undefined)), { signal })
  await click()
  await until(beginsWithin, () => latest() !== undefined)
  signal.throwIfAborted()
  const begun = latest()
  if (begun === undefined) return null
  await until(doneWithin, () => latest()?.state !== 'arriving')
  signal.throwIfAborted()
  const { state } = latest() ?? begun
  if (state === 'arriving') await downloads.stop(begun.id)
  if (state !== 'done') throw new BrowserFault('operation-failed', `The file ${begun.name} did not arrive: it is ${state}`)
  return { file: `/v1/browser-sessions/${session.id}/downloads/${begun.id}`, name: begun.name }
}
