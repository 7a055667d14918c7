/** What is the matter with a bot, in plain words, and the ways out of it. */
import type { BotView } from '../../../server/bots/contract/index.ts'
import { clockTime } from '../../presentation/format.ts'
import type { BotAction } from './bot-actions.ts'
import { readableNumber } from './bot-presentation.ts'

export interface Trouble {
  tone: 'bad' | 'attention'
  title: string
  text: string
  /** What a person does on the phone, one after the other. */
  steps?: readonly string[]
  /** The first is the main way out. */
  ways: readonly { label: string; icon: string; action: BotAction | 'restore' }[]
}

const pair = { label: 'Pair again', icon: 'i-lucide-link', action: 'pair' } as const
const restore = { label: 'Restore backup', icon: 'i-lucide-history', action: 'restore' } as const

/** null while all is well, or while it works on it by itself. */
export function troubleOf(bot: BotView, { hasBackup }: { hasBackup: boolean }): Trouble | null {
  const reason = bot.reason ?? ''
  const at = clockTime(bot.since).slice(0, 5)
  const backups = hasBackup ? [restore] : []
  switch (bot.state) {
    case 'logged_out':
      return {
        tone: 'bad',
        title: 'The phone removed this device',
        text: `At ${at} it was taken off Linked devices on ${readableNumber(bot.phoneNumber).replaceAll(' ', '\u00A0')} (401). It does not try again by itself.${queueText(bot, 'after pairing')}`,
        ways: [pair, ...backups],
      }
    case 'replaced':
      return {
        tone: 'bad',
        title: 'Another program uses this link',
        text: `Since ${at} the same link is open somewhere else (440), perhaps from a backup on another machine. Two holders would spoil each other's keys, so this one stays away.${queueText(bot, 'when it is taken back')}`,
        ways: [{ label: 'Take back', icon: 'i-lucide-undo-2', action: 'start' }, ...backups],
      }
    case 'blocked':
      return {
        tone: 'bad',
        title: 'WhatsApp refused the account',
        text: `At ${at} the account was not let in (403). Look on the phone whether it is restricted; the link is kept and nothing is tried by itself.`,
        ways: [{ label: 'Try again', icon: 'i-lucide-refresh-cw', action: 'start' }, ...backups],
      }
    case 'failed':
      return failedTrouble(bot, reason)
    default:
      return null
  }
}

function failedTrouble(bot: BotView, reason: string): Trouble {
  const linked = bot.linkedAt !== null
  const tryAgain = linked
    ? ({ label: 'Try again', icon: 'i-lucide-refresh-cw', action: 'start' } as const)
    : ({ label: 'New code', icon: 'i-lucide-refresh-cw', action: 'pair' } as const)
  if (/passkey/i.test(reason)) {
    return {
      tone: 'attention',
      title: 'This account asks for a passkey',
      text: 'WhatsApp wants the owner of the account to confirm a new device with a passkey, which a linked program cannot do for you. Nothing was linked, nothing was changed.',
      steps: [
        'On the phone open Settings, Account, Passkeys',
        'Remove the passkey, or turn off its use for linking',
        'Ask for a new code here; the passkey can be set again afterwards',
        'Or let a browser on this machine ask for it: Settings, Bots. That is experimental',
      ],
      ways: [{ label: 'New code', icon: 'i-lucide-refresh-cw', action: 'pair' }],
    }
  }
  if (/expired/i.test(reason))
    return {
      tone: 'attention',
      title: 'The code has expired',
      text: 'Nobody typed it or scanned the QR in time. A new one is good for another few minutes.',
      ways: [tryAgain],
    }
  if (/429/.test(reason))
    return {
      tone: 'attention',
      title: 'WhatsApp gives no more codes for now',
      text: 'Too many were asked for with this number (429). Wait an hour or more; asking again sooner makes the wait longer.',
      ways: [tryAgain],
    }
  return {
    tone: 'attention',
    title: linked ? 'It does not run' : 'It was not linked',
    text: sentence(reason === '' ? 'The reason is not known' : reason),
    ways: [tryAgain],
  }
}

function queueText({ queue }: BotView, when: string): string {
  return queue === 0 ? '' : ` ${queue} ${queue === 1 ? 'message waits and goes' : 'messages wait and go'} out ${when}.`
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
