/** Bots in the command palette: open one, do something to one, or link another. */
import { computed } from 'vue'
import { useRouter } from 'vue-router'
import { useBots } from '../../stores/bots.ts'
import { provideCommands, type Command } from '../../use/commands.ts'
import { actionsFor, useBotActions } from './bot-actions.ts'
import { botPresentation, botName, readableNumber } from './bot-presentation.ts'

export function useBotCommands(): void {
  const bots = useBots()
  const router = useRouter()
  const { run } = useBotActions()
  provideCommands({
    sessions: computed(() =>
      bots.bots.map((bot): Command => ({
        label: botName(bot),
        icon: 'i-lucide-message-circle',
        suffix: readableNumber(bot.phoneNumber),
        state: botPresentation(bot.state),
        onSelect: () => void router.push({ name: 'bots', query: { bot: bot.userId } }),
      })),
    ),
    actions: computed(() => [
      { label: 'Link a bot', icon: 'i-lucide-plus', suffix: 'Bots', onSelect: () => void router.push({ name: 'link-bot' }) },
      {
        label: 'Bring in a bot',
        icon: 'i-lucide-archive-restore',
        suffix: 'Bots',
        onSelect: () => void router.push({ name: 'bots', query: { 'bring-in': '' } }),
      },
      ...bots.bots.flatMap((bot) => [
        {
          label: `Chats of ${botName(bot)}`,
          icon: 'i-lucide-messages-square',
          suffix: 'Bots',
          searched: true as const,
          onSelect: () => void router.push({ name: 'bot', params: { userId: bot.userId, tab: 'chats' } }),
        },
        ...actionsFor(bot).map(({ action, label, icon, danger }): Command => ({
          label: label.includes(botName(bot)) ? label : `${label}: ${botName(bot)}`,
          icon,
          suffix: 'Bots',
          searched: true,
          ...(danger === true ? { color: 'error' } : {}),
          // The question is asked on the bots page, beside the bot it is about.
          onSelect: () =>
            void (danger === true ? router.push({ name: 'bots', query: { bot: bot.userId } }) : Promise.resolve()).then(() =>
              run(action, bot),
            ),
        })),
      ]),
    ]),
  })
}
