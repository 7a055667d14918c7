/** Who can be named in a group: those who have written, the newest first, then its other members. */
import { computed, shallowRef, type Ref } from 'vue'
import type { BotView } from '../../../../../server/bots/contract/index.ts'
import { useApi } from '../../../../api/api.ts'
import { isGroup } from '../people.ts'
import type { ChatMessage } from '../thread.ts'
import type { Person } from './mentions.ts'

export interface PeopleParts {
  bot(): BotView
  chat(): string
  messages: Readonly<Ref<readonly ChatMessage[]>>
  nameOf(id: string): string
}

export function usePeople({ bot, chat, messages, nameOf }: PeopleParts) {
  const members = shallowRef<readonly string[]>([])
  let asked = false

  const people = computed<Person[]>(() => {
    if (!isGroup(chat())) return []
    const written = messages.value.toReversed().flatMap(({ author, fromMe }) => (fromMe || author === '' ? [] : [author]))
    return [...new Set([...written, ...members.value])].map((id) => ({ id, name: nameOf(id) }))
  })

  /** Asked of WhatsApp once, and only when somebody is being named. */
  async function readMembers(): Promise<void> {
    if (asked || !isGroup(chat()) || bot().state !== 'online') return
    asked = true
    members.value = await useApi()
      .bots.group({ params: { userId: bot().userId, groupId: chat() } })
      .then(
        ({ group }) => group.members.flatMap(({ id, number }) => (number === bot().phoneNumber ? [] : [id])),
        // Those who have written can be named all the same.
        () => [],
      )
  }

  return { people, readMembers }
}
