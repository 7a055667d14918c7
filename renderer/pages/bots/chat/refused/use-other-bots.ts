/** Bots that have a chat with somebody already, who are no strangers to them. */
import { computed, type Ref } from 'vue'
import type { BotView } from '../../../../../server/bots/contract/index.ts'
import { useApi } from '../../../../api/api.ts'
import { useBots } from '../../../../stores/bots.ts'
import { useResource } from '../../../../use/use-resource.ts'
import { isPerson } from '../people.ts'

/** More would be asked than anybody waits for. */
const askedAtMost = 20

export function useOtherBots(own: () => BotView, chat: () => string): Readonly<Ref<readonly BotView[]>> {
  const bots = useBots()
  const { value } = useResource({
    key: () => (isPerson(chat()) ? chat() : null),
    async read(signal, asked) {
      const others = bots.bots.filter(({ userId, linkedAt, state }) => userId !== own().userId && linkedAt !== null && state === 'online')
      const known = await Promise.all(
        others.slice(0, askedAtMost).map((other) => knows(other.userId, asked, signal).then((yes) => (yes ? [other] : []))),
      )
      return known.flat()
    },
  })
  return computed(() => value.value ?? [])
}

const knows = (userId: string, chat: string, signal: AbortSignal): Promise<boolean> =>
  useApi()
    .bots.log({ params: { userId }, query: { chat, limit: 10 }, signal })
    .then(
      ({ messages }) => messages.some(({ status }) => status !== 'failed'),
      () => false,
    )
