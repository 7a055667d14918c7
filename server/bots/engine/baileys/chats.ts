/** How chats are sorted, over the library. */
import type { ChatModification, LastMessageList, WASocket } from 'baileys'
import { createSerialQueue } from '../../../async/serial-queue.ts'
import { reasonOf } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import type { ChatCalls, ChatFlags, ChatHappening, LastMessage } from '../chats.ts'
import type { AppState } from './app-state.ts'
import type { Asker } from './asking.ts'
import { numbered } from './people.ts'

type Told = ChatHappening extends infer Each ? (Each extends unknown ? Omit<Each, 'isNews'> : never) : never
type Listener = (happening: ChatHappening) => void

export function hearChats(socket: WASocket, appState: Pick<AppState, 'isNews'>, log: Log, happened: Listener): void {
  const inOrder = createSerialQueue()
  const { ev } = socket
  /** The chat by the id it is known by. */
  const tell = (id: string, happening: (chat: string) => Told): void => {
    const { isNews } = appState
    inOrder
      .run(async () => happened({ ...happening(await numbered(socket, id)), isNews }))
      .catch((error: unknown) => log.warn({ error: reasonOf(error) }, 'what changed of a chat could not be told'))
  }

  ev.on('chats.update', (updates) => {
    for (const { id, archived, pinned, muteEndTime, unreadCount, ephemeralExpiration } of updates) {
      const flags: ChatFlags = {
        ...(archived == null ? {} : { archived }),
        ...(pinned === undefined ? {} : { pinnedAt: pinned === null || Number(pinned) === 0 ? null : Number(pinned) }),
        ...(muteEndTime === undefined ? {} : { mutedUntil: mutedUntil(muteEndTime) }),
        // It counts what comes in as well.
        ...(unreadCount === -1 ? { markedUnread: true } : unreadCount === 0 ? { markedUnread: false } : {}),
        ...(ephemeralExpiration === undefined ? {} : { timer: Number(ephemeralExpiration ?? 0) }),
      }
      if (id != null && Object.keys(flags).length > 0) tell(id, (chat) => ({ type: 'chat', chat, flags }))
    }
  })
  ev.on('groups.update', (updates) => {
    for (const { id, ephemeralDuration } of updates)
      if (id !== undefined && ephemeralDuration !== undefined)
        tell(id, (chat) => ({ type: 'chat', chat, flags: { timer: ephemeralDuration ?? 0 } }))
  })
  ev.on('chats.delete', (ids) => {
    for (const id of ids) tell(id, (chat) => ({ type: 'chat-deleted', chat }))
  })
  ev.on('messages.delete', (deleted) => {
    for (const { remoteJid, id } of 'keys' in deleted ? deleted.keys : [])
      if (remoteJid != null && id != null) tell(remoteJid, (chat) => ({ type: 'message-erased', chat, messageId: id }))
  })
  ev.on('messages.update', (updates) => {
    for (const { key, update } of updates) {
      const { remoteJid, id } = key
      const { starred } = update
      if (starred == null || remoteJid == null || id == null) continue
      tell(remoteJid, (chat) => ({ type: 'starred', chat, messageId: id, on: starred }))
    }
  })
  ev.on('labels.edit', ({ id, name, color, deleted }) =>
    tell('', () => ({ type: 'label', label: id, name: name ?? '', color: color ?? 0, isDeleted: deleted === true })),
  )
  ev.on('labels.association', ({ type, association }) => {
    const messageId = 'messageId' in association ? association.messageId : null
    tell(association.chatId, (chat) => ({ type: 'labelled', label: association.labelId, chat, messageId, on: type === 'add' }))
  })
}

/** WhatsApp writes -1 for ever, and 0 or nothing for not at all. */
function mutedUntil(end: unknown): number | null {
  const ms = Number(end ?? 0)
  return ms === 0 ? null : ms < 0 ? Infinity : ms
}

export function chatCalls(
  socket: WASocket,
  { ask }: Asker,
  { change }: Pick<AppState, 'change'>,
  addressOf: (chat: string) => string,
): ChatCalls {
  const order = (chat: string, wanted: ChatModification): Promise<void> => change(wanted, chat === '' ? '' : addressOf(chat))
  const upTo = (chat: string, last: LastMessage | null): LastMessageList => {
    if (last === null) return { lastMessageTimestamp: Math.floor(Date.now() / 1_000) }
    const { id, fromMe, author, at } = last
    const participant = author !== undefined && chat.endsWith('@g.us') && !fromMe ? { participant: addressOf(author) } : {}
    return [{ key: { remoteJid: addressOf(chat), id, fromMe, ...participant }, messageTimestamp: Math.floor(at / 1_000) }]
  }
  return {
    archive: (chat, on, last) => order(chat, { archive: on, lastMessages: upTo(chat, last) }),
    pin: (chat, on) => order(chat, { pin: on }),
    mute: (chat, until) => order(chat, { mute: until === Infinity ? -1 : until }),
    markUnread: (chat, on, last) => order(chat, { markRead: !on, lastMessages: upTo(chat, last) }),
    star: (chat, { id, fromMe }, on) => order(chat, { star: { messages: [{ id, fromMe }], star: on } }),
    delete: (chat, last) => order(chat, { delete: true, lastMessages: upTo(chat, last) }),
    clear: (chat, last) => order(chat, { clear: true, lastMessages: upTo(chat, last) }),
    async setTimer(chat, seconds) {
      await ask(() => socket.sendMessage(addressOf(chat), { disappearingMessagesInChat: seconds === 0 ? false : seconds }))
    },
    editLabel: (label, { name, color, isDeleted }) => order('', { addLabel: { id: label, name, color, deleted: isDeleted } }),
    label(label, chat, messageId, on) {
      if (messageId === null) return order(chat, on ? { addChatLabel: { labelId: label } } : { removeChatLabel: { labelId: label } })
      const use = { labelId: label, messageId }
      return order(chat, on ? { addMessageLabel: use } : { removeMessageLabel: use })
    },
  }
}
