/** What can be done to a bot: which actions fit its state, what each means in plain words, and the doing of it. */
import { useRouter } from 'vue-router'
import type { BotView } from '../../../server/bots/contract/index.ts'
import { fileName, saveFile } from '../../files/save-file.ts'
import { useBots } from '../../stores/bots.ts'
import { useReportedAction } from '../../use/use-action.ts'
import { useReport } from '../../use/use-report.ts'
import { botName, nextStep } from './bot-presentation.ts'
import { ask } from './bot-question.ts'
import { botTabs } from './bot-tabs.ts'

export type BotAction = 'start' | 'stop' | 'restart' | 'pair' | 'back-up' | 'unlink' | 'delete' | 'newest-version' | 'report'

export interface ActionOffer {
  action: BotAction
  label: string
  icon: string
  /** What it does and what it leaves alone. */
  about: string
  danger?: boolean
}

const running = new Set<BotView['state']>(['starting', 'pairing', 'online', 'reconnecting'])
export const isRunning = ({ state }: Pick<BotView, 'state'>): boolean => running.has(state)

/** In the order in which a menu shows them. */
export function actionsFor(bot: BotView): ActionOffer[] {
  const { state } = bot
  const name = botName(bot)
  const linked = bot.linkedAt !== null
  const offers: (ActionOffer | false)[] = [
    !linked && {
      action: 'pair',
      label: state === 'pairing' ? 'Show code' : 'Pair',
      icon: 'i-lucide-link',
      about: 'Shows a code and a QR for the phone.',
    },
    linked &&
      state === 'logged_out' && {
        action: 'pair',
        label: 'Pair again',
        icon: 'i-lucide-link',
        about: 'Gives up the dead link and shows a new code for the phone.',
      },
    linked &&
      !isRunning(bot) &&
      state !== 'logged_out' && {
        action: 'start',
        label: state === 'replaced' ? 'Take back' : 'Start',
        icon: 'i-lucide-play',
        about: state === 'replaced' ? 'Connects again; the other program loses the link.' : 'Connects with the link it has.',
      },
    state === 'reconnecting' && {
      action: 'start',
      label: 'Retry now',
      icon: 'i-lucide-refresh-cw',
      about: 'Does not wait for the next attempt.',
    },
    isRunning(bot) && { action: 'stop', label: 'Stop', icon: 'i-lucide-square', about: 'Ends the connection. The phone keeps the link.' },
    linked &&
      (state === 'online' || state === 'reconnecting') && {
        action: 'restart',
        label: 'Restart',
        icon: 'i-lucide-rotate-cw',
        about: 'Stops and starts it; nothing is lost.',
      },
    linked && {
      action: 'back-up',
      label: 'Back up now',
      icon: 'i-lucide-archive',
      about: 'Keeps a sealed copy of the link of this moment.',
    },
    {
      action: 'report',
      label: 'Save a report',
      icon: 'i-lucide-file-search',
      about: 'What its connections have seen, for those who mend Wheelhouse: no numbers, names or words of anybody.',
    },
    linked &&
      state !== 'logged_out' && {
        action: 'unlink',
        label: 'Unlink from the phone',
        icon: 'i-lucide-unlink',
        about: 'Removes the device on the phone too, then deletes the bot.',
        danger: true,
      },
    {
      action: 'delete',
      label: `Delete ${name} and its data`,
      icon: 'i-lucide-trash-2',
      about: 'Removes it here. The phone goes on to list the device.',
      danger: true,
    },
  ]
  return offers.filter((offer) => offer !== false)
}

const failures: Readonly<Record<BotAction, string>> = {
  start: 'It was not started',
  stop: 'It was not stopped',
  restart: 'It was not restarted',
  pair: 'No code was asked for',
  'back-up': 'No backup was kept',
  unlink: 'It was not unlinked',
  delete: 'It was not deleted',
  'newest-version': 'The version is as it was',
  report: 'No report was saved',
}

export function useBotActions() {
  const bots = useBots()
  const router = useRouter()
  const report = useReport()
  /** `busy` is the bot something is being done to. */
  const { current: busy, run: attempt } = useReportedAction()

  async function run(action: BotAction, bot: BotView): Promise<void> {
    const { userId } = bot
    if (action === 'unlink' || action === 'delete') return ask({ about: action, userId })
    if (action === 'pair')
      return void (await router.push({ name: 'link-bot', query: { bot: userId, ...(bot.state === 'logged_out' ? { again: '' } : {}) } }))
    const work = async (): Promise<void> => {
      if (action === 'start') await bots.start(userId)
      else if (action === 'stop') await bots.stop(userId)
      else if (action === 'restart') await bots.restart(userId)
      else if (action === 'newest-version') {
        const { version } = await bots.speakVersion('newest')
        report.done(`WhatsApp ${version} is spoken now`, 'Bots that were not let in for their version try again.')
      } else if (action === 'report') {
        saveFile(`${fileName(userId)}.report.json`, `${JSON.stringify(await bots.report(userId), null, 2)}\n`, 'application/json')
      } else {
        await bots.backUp(userId)
        report.done(`Backup of ${botName(bot)} kept`, 'Sealed on this machine. Download it to move the bot.')
      }
    }
    await attempt(failures[action], work, userId)
  }

  return {
    busy,
    run,
    /** The one button that fits the state best. */
    step: (bot: BotView) => run(nextStep(bot).action, bot),
    /** For a menu: its pages above, then what is harmless, then what ends something. */
    menu(bot: BotView) {
      const pages = botTabs
        .filter(({ value }) => value === 'chats' || value === 'settings')
        .map(({ value, label, icon }) => ({ label, icon, to: { name: 'bot', params: { userId: bot.userId, tab: value } } }))
      const items = actionsFor(bot).map(({ action, label, icon, about, danger }) => ({
        label,
        icon,
        description: about,
        danger: danger === true,
        ...(danger === true ? { color: 'error' as const } : {}),
        onSelect: () => void run(action, bot),
      }))
      return [pages, items.filter(({ danger }) => !danger), items.filter(({ danger }) => danger)]
    },
  }
}
