/** Calls that ring now, as they are told. */
import { computed, shallowRef } from 'vue'
import type { BotEvent } from '../../../../../server/bots/contract/index.ts'
import { useNow } from '../../../../use/use-now.ts'

export type RingingCall = Extract<BotEvent, { type: 'call' }>['call']

/** Ms: a phone does not ring longer, and the end may not have been heard. */
const longest = 90_000

export function useCalls() {
  const calls = shallowRef<readonly RingingCall[]>([])
  const now = useNow()
  return {
    ringing: computed(() => calls.value.filter(({ at }) => now.value - Date.parse(at) < longest)),
    take({ call }: Extract<BotEvent, { type: 'call' }>): void {
      const others = calls.value.filter(({ id }) => id !== call.id)
      calls.value = call.state === 'offered' ? [...others, call] : others
    },
  }
}
