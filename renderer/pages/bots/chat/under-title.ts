/** The line under the name of an open chat: who writes, who is there, else who it is. */
import { clockTime, shortDay } from '../../../presentation/format.ts'
import { personText } from './people.ts'
import type { ChatMessage } from './thread.ts'

export interface UnderTitle {
  chat: string
  title: string
  /** Of a group whose members are known. */
  members: number | null
  presence: { state: string; lastSeen: string | null } | null
  writing: string | null
  messages: readonly ChatMessage[]
}

export function underTitle({ chat, title, members, presence, writing, messages }: UnderTitle, now = Date.now()): string {
  if (writing !== null) return writing
  const who = personText(chat) === title ? chat : personText(chat)
  if (members === null) {
    if (presence === null) return who
    if (presence.state !== 'offline') return `${who}, online`
    return presence.lastSeen === null
      ? who
      : `${who}, last seen ${shortDay(presence.lastSeen)}, ${clockTime(presence.lastSeen).slice(0, 5)}`
  }
  const today = new Date(now).setHours(0, 0, 0, 0)
  const wrote = new Set(messages.flatMap(({ fromMe, author, at }) => (!fromMe && Date.parse(at) >= today ? [author] : [])))
  return `${members} members${wrote.size === 0 ? '' : `, ${wrote.size} wrote today`}`
}
