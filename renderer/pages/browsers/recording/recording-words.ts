/** How recordings are told of. */
import type { RecordingView } from '../../../../server/browsers/contract/index.ts'

/** `1:05`, `1:02:05`. */
export function playedTime(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  const two = (value: number): string => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** In ms; null while it runs. */
export function lengthOf({ startedAt, endedAt }: Pick<RecordingView, 'startedAt' | 'endedAt'>): number | null {
  return endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt)
}

/** Why it ended where a person would not expect it; null where they would. */
export const endWords: Readonly<Record<NonNullable<RecordingView['why']>, string | null>> = {
  stopped: null,
  'session-ended': 'Until the session ended',
  'too-long': 'The longest time there is',
  'no-room': 'Until there was no more room',
  'disk-refused': 'Until the disk refused',
  'server-ended': 'Until the server stopped',
}
