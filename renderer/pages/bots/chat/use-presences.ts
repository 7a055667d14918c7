/** Who writes or records in which chat, as it is told; what is not told again for half a minute is over. */
import { computed, shallowRef, watch, type Ref } from 'vue'
import type { BotEvent } from '../../../../server/bots/contract/index.ts'
import { useApi } from '../../../api/api.ts'
import { useNow } from '../../../use/use-now.ts'

type Presence = Extract<BotEvent, { type: 'presence' }>
type Heard = Pick<Presence, 'state' | 'lastSeen'> & { at: number }

/** Ms. */
const lasts = 30_000

export function usePresences(userId: string, open: Readonly<Ref<string | null>>) {
  /** By chat, then by person. */
  const heard = shallowRef<ReadonlyMap<string, ReadonlyMap<string, Heard>>>(new Map())
  const now = useNow()

  function put({ chat, person, state, lastSeen }: Omit<Presence, 'type' | 'userId'>, at: number): void {
    heard.value = new Map(heard.value).set(chat, new Map(heard.value.get(chat)).set(person, { state, lastSeen, at }))
  }

  // What was heard before the chat was opened.
  watch(
    open,
    async (chat) => {
      if (chat === null) return
      const known = await useApi()
        .bots.presences({ params: { userId }, query: { chat } })
        .then(
          ({ presences }) => presences,
          () => [],
        )
      for (const { at, ...presence } of known) put({ chat, ...presence }, Date.parse(at))
    },
    { immediate: true },
  )

  const writers = computed(() => {
    const found = new Map<string, { person: string; state: 'typing' | 'recording' }[]>()
    for (const [chat, people] of heard.value) {
      const active = [...people].flatMap(([person, { state, at }]) =>
        (state === 'typing' || state === 'recording') && now.value - at < lasts ? [{ person, state }] : [],
      )
      if (active.length > 0) found.set(chat, active)
    }
    return found
  })

  return {
    take(event: Presence): void {
      put(event, Date.now())
    },
    /** A message is the end of writing it. */
    wrote(chat: string, person: string): void {
      const last = heard.value.get(chat)?.get(person)
      if (last !== undefined && last.state !== 'online') put({ chat, person, state: 'online', lastSeen: null }, Date.now())
    },
    /** `typing…`, in a group `Ben is typing…`; null when nobody does. */
    writing(chat: string, nameOf: ((person: string) => string) | null): string | null {
      const [first, ...others] = writers.value.get(chat) ?? []
      if (first === undefined) return null
      const does = first.state === 'typing' ? 'typing…' : 'recording…'
      if (nameOf === null) return does
      return others.length > 0 ? `${others.length + 1} people are typing…` : `${nameOf(first.person)} is ${does}`
    },
    /** Of a person's chat; null while nothing was heard. */
    presence: (chat: string): Heard | null => heard.value.get(chat)?.get(chat) ?? null,
  }
}

export type Presences = ReturnType<typeof usePresences>
