/** Changes of one bot's settings, each with a notice when it fails. */
import type { BotView } from '../../../../server/bots/contract/index.ts'
import { useBots, type BotChange } from '../../../stores/bots.ts'
import { useReportedAction } from '../../../use/use-action.ts'

/** `what` is the notice's title, e.g. "The pause was not changed". Resolves to whether it was taken. */
export function useChange(bot: () => BotView) {
  const bots = useBots()
  const { running, run } = useReportedAction()
  return {
    saving: running,
    change: (what: string, body: BotChange): Promise<boolean> => run(what, () => bots.change(bot().userId, body)),
  }
}
