/** What is the matter with a bot, in plain words, and the ways out of it. */
import type { BotView } from '../../../server/bots/contract/index.ts'
import { say, type Entry } from '../../../words/words.ts'
import { clockTime } from '../../presentation/format.ts'
import { words } from '../../presentation/words.ts'
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

const { botTrouble: trouble, actions } = words.window
const newCode = { label: trouble.ways.newCode, icon: 'i-lucide-refresh-cw', action: 'pair' } as const
const tryAgain = { label: actions.tryAgain, icon: 'i-lucide-refresh-cw', action: 'start' } as const
const pair = { label: trouble.ways.pairAgain, icon: 'i-lucide-link', action: 'pair' } as const
const newestVersion = { label: trouble.ways.newestVersion, icon: 'i-lucide-arrow-up-circle', action: 'newest-version' } as const
const takeBack = { label: trouble.ways.takeBack, icon: 'i-lucide-undo-2', action: 'start' } as const
const restore = { label: trouble.ways.restoreBackup, icon: 'i-lucide-history', action: 'restore' } as const

/** null while all is well, or while it works on it by itself. */
export function troubleOf(bot: BotView, { hasBackup }: { hasBackup: boolean }): Trouble | null {
  const at = clockTime(bot.since).slice(0, 5)
  const { queue } = bot
  const backups = hasBackup ? [restore] : []
  switch (bot.state) {
    case 'logged_out': {
      const number = readableNumber(bot.phoneNumber).replaceAll(' ', '\u00A0')
      return { tone: 'bad', ...told(trouble.loggedOut, { at, number, queue }), ways: [pair, ...backups] }
    }
    case 'replaced':
      return { tone: 'bad', ...told(trouble.replaced, { at, queue }), ways: [takeBack, ...backups] }
    case 'blocked':
      return { tone: 'bad', ...told(trouble.blocked, { at, reason: bot.reason ?? '' }), ways: [tryAgain, ...backups] }
    case 'failed':
      return failedTrouble(bot)
    default:
      return bot.restriction === null
        ? null
        : { tone: 'attention', ...told(trouble.restricted, { reason: bot.restriction.reason }), ways: [] }
  }
}

function failedTrouble(bot: BotView): Trouble {
  const reason = bot.reason ?? ''
  const linked = bot.linkedAt !== null
  const ways = [linked ? tryAgain : newCode]
  switch (bot.cause) {
    case 'passkey':
      return { tone: 'attention', ...trouble.passkey, ways: [newCode] }
    case 'code-expired':
      return { tone: 'attention', ...told(trouble.codeExpired, {}), ways }
    case 'codes-refused':
      return { tone: 'attention', ...told(trouble.noMoreCodes, {}), ways }
    case 'version-refused':
      return { tone: 'attention', ...told(trouble.versionRefused, { reason }), ways: [newestVersion, ...ways] }
    default:
      return { tone: 'attention', ...told(trouble.failed, { linked, reason }), ways }
  }
}

function told<Facts>({ title, text }: { title: Entry<Facts>; text: Entry<Facts> }, facts: Facts): Pick<Trouble, 'title' | 'text'> {
  return { title: say(title, facts), text: say(text, facts) }
}
