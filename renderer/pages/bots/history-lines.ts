/** What happened to a bot as lines: its states, and between them its linking and its backups. */
import type { BackupView, BotView, HistoryEntry } from '../../../server/bots/contract/index.ts'
import { bytes } from '../../presentation/format.ts'
import type { Tone } from '../../presentation/tone.ts'
import { botPresentation } from './bot-presentation.ts'

export interface HistoryLine {
  key: string
  at: string
  tone: Tone
  title: string
  text: string
}

/** The newest first. */
export function historyLines(
  history: readonly HistoryEntry[],
  backups: readonly BackupView[],
  { linkedAt }: Pick<BotView, 'linkedAt'>,
): HistoryLine[] {
  const lines: HistoryLine[] = [
    ...history.map(({ id, at, state, reason }) => ({
      key: `state-${id}`,
      at,
      tone: botPresentation(state).tone,
      title: botPresentation(state).label,
      text: reason ?? '',
    })),
    ...backups.map(({ id, createdAt, bytes: size }) => ({
      key: id,
      at: createdAt,
      tone: 'good' as const,
      title: 'Backup kept',
      text: `sealed, ${bytes(size)}`,
    })),
    ...(linkedAt === null ? [] : [{ key: 'linked', at: linkedAt, tone: 'busy' as const, title: 'Linked', text: 'accepted on the phone' }]),
  ]
  // Of one moment, what was written later stands above.
  return lines.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))
}
