/** Waiting calls as they are shown and answered. */
import type { AnsweredCallView } from '../../../../server/relay/contract/index.ts'
import type { Tone } from '../../../presentation/tone.ts'
import type { Decision } from '../../../stores/relay-approvals.ts'

/** Minutes and seconds, e.g. `0:42`. */
export function leftOf(endsAt: number, now: number): string {
  const seconds = Math.max(0, Math.ceil((endsAt - now) / 1_000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** Letters alone: with a modifier they belong to somebody else, and a key that is held down answers no second call. */
export function decisionOfKey({
  key,
  ctrlKey,
  metaKey,
  altKey,
  repeat,
}: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'repeat'>): Decision | null {
  if (ctrlKey || metaKey || altKey || repeat) return null
  switch (key.toLowerCase()) {
    case 'y':
      return 'once'
    case 'a':
      return 'always'
    case 'n':
      return 'refuse'
    default:
      return null
  }
}

export function answerPresentation({ outcome, actor }: Pick<AnsweredCallView, 'outcome' | 'actor'>): { tone: Tone; text: string } {
  const by = actor === 'owner' ? 'you' : actor.replace(/^key:/, 'key ')
  switch (outcome) {
    case 'once':
      return { tone: 'good', text: `Allowed once, by ${by}` }
    case 'always':
      return { tone: 'good', text: 'Always allowed for this session' }
    case 'refuse':
      return { tone: 'bad', text: `Refused by ${by}` }
    case 'late':
      return { tone: 'off', text: 'No answer in time, refused' }
  }
}
