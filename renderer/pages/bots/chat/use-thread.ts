/** One conversation: kept messages page by page, what waits or failed beside them, and what comes in meanwhile. */
import { useDebounceFn } from '@vueuse/core'
import { ref, shallowRef, watch, type Ref } from 'vue'
import type { BotEvent, LoggedView, MessageView, SentView } from '../../../../server/bots/contract/index.ts'
import { messageOf } from '../../../api/api-error.ts'
import { useApi } from '../../../api/api.ts'
import { mergeMessages, unchanged, type ChatMessage } from './thread.ts'

const page = 60
const pending = new Set<SentView['status']>(['queued', 'sending', 'failed'])

export function useThread(userId: string, chat: Ref<string | null>, before: Ref<number | null>) {
  const messages = shallowRef<readonly ChatMessage[]>([])
  const older = ref<number | null>(null)
  const loading = ref(false)
  const error = ref<string | null>(null)

  async function load(): Promise<void> {
    const asked = chat.value
    messages.value = []
    older.value = null
    error.value = null
    if (asked === null) return
    loading.value = true
    await refresh()
    if (chat.value === asked) loading.value = false
  }

  /** The newest page, or the one that ends at a message that was searched for. */
  async function refresh(): Promise<void> {
    const asked = chat.value
    if (asked === null) return
    const from = before.value
    try {
      const [log, sent] = await Promise.all([
        useApi().bots.log({ params: { userId }, query: { chat: asked, limit: page, ...(from === null ? {} : { before: from + 1 }) } }),
        useApi().bots.sentMessages({ params: { userId }, query: { chat: asked, limit: 100 } }),
      ])
      if (chat.value !== asked || before.value !== from) return
      const waiting =
        from === null ? sent.messages.filter(({ status, kind }) => pending.has(status) && kind !== 'reaction').map(fromSent) : []
      if (messages.value.length === 0) older.value = log.next
      messages.value = mergeMessages(messages.value, [...log.messages.map(fromLog), ...waiting])
      error.value = null
    } catch (failure) {
      if (chat.value === asked) error.value = messageOf(failure)
    }
  }

  const refreshSoon = useDebounceFn(refresh, 300, { maxWait: 1_500 })

  async function loadOlder(limit = page): Promise<void> {
    const asked = chat.value
    if (asked === null || older.value === null || loading.value) return
    loading.value = true
    try {
      const log = await useApi().bots.log({ params: { userId }, query: { chat: asked, before: older.value, limit } })
      if (chat.value === asked) {
        messages.value = mergeMessages(messages.value, log.messages.map(fromLog))
        older.value = log.next
      }
    } catch (failure) {
      error.value = messageOf(failure)
    }
    loading.value = false
  }

  /** What has come to the log before all that is shown. */
  async function readOlder(): Promise<void> {
    const numbers = messages.value.flatMap(({ number }) => (number === null ? [] : [number]))
    older.value = numbers.length === 0 ? null : Math.min(...numbers)
    await loadOlder()
  }

  /** Older pages until a message is there, as one that is quoted; resolves to whether it was found among the next thousand. */
  async function loadUntil(id: string): Promise<boolean> {
    const has = (): boolean => messages.value.some((message) => message.id === id)
    for (let pages = 0; pages < 5 && !has() && older.value !== null && error.value === null; pages += 1) await loadOlder(200)
    return has()
  }

  function take(event: BotEvent): void {
    if (chat.value === null) return
    // A page from the past stays what it is; the newest one is a click away.
    if (event.type === 'message' && event.message.chat === chat.value && before.value === null) {
      put(fromView(event.message))
      // Where its file lies is in the log.
      if (event.message.details.media !== undefined) void refreshSoon()
    }
    if (event.type === 'vote' && event.chat === chat.value) void readVotes(event.poll.id, true)
    if (event.type === 'media' && event.chat === chat.value) {
      const { messageId: id, media } = event
      messages.value = messages.value.map((message) => (message.id === id ? { ...message, media } : message))
    }
    if (event.type === 'edited' || event.type === 'revoked') change(event)
    if (event.type !== 'progress' || event.message.chat !== chat.value) return
    const { messageId, status, problem } = event.message
    messages.value = messages.value.map((message) => (message.id === messageId ? { ...message, delivery: status, problem } : message))
  }

  /** What an edit says stands there at once; what became of the rest is in the log. */
  function change({ type, message: changed }: Extract<BotEvent, { type: 'edited' | 'revoked' }>): void {
    if (changed.chat !== chat.value || !messages.value.some(({ id }) => id === changed.id)) return
    messages.value = messages.value.map((message) => {
      if (message.id !== changed.id) return message
      return 'text' in changed
        ? { ...message, text: changed.text, details: changed.details, edited: true }
        : { ...message, text: '', details: {}, deleted: 'gone' }
    })
    if (type === 'revoked') void refresh()
  }

  /** Of a poll that is drawn; asked for again only when somebody votes. */
  const voted = new Set<string>()
  async function readVotes(id: string, again = false): Promise<void> {
    const asked = chat.value
    if (asked === null || (voted.has(id) && !again)) return
    voted.add(id)
    const votes = await useApi()
      .bots.votes({ params: { userId, messageId: id }, query: { chat: asked } })
      .then(
        (answer) => answer.votes,
        // Of a poll from before the link nothing is known: it stays as it is.
        () => null,
      )
    if (votes === null || chat.value !== asked) return
    messages.value = messages.value.map((message) => (message.id === id ? { ...message, votes } : message))
  }

  function put(message: ChatMessage): void {
    messages.value = mergeMessages(messages.value, [message])
  }

  function drop(id: string): void {
    messages.value = messages.value.filter((message) => message.id !== id)
  }

  watch([chat, before], () => void load(), { immediate: true })
  return { messages, older, loading, error, refresh, loadOlder, loadUntil, readOlder, readVotes, take, put, drop }
}

/** What became of a message, as the view says it: only where something did. */
function fromView({ editedAt, deletedAt, ...message }: MessageView): ChatMessage {
  const deleted = deletedAt === undefined ? null : message.text === '' && message.details.media === undefined ? 'gone' : 'kept'
  return { ...unchanged, ...message, number: null, delivery: null, problem: null, edited: editedAt !== undefined, deleted }
}

function fromLog({ status, number, media, ...message }: LoggedView): ChatMessage {
  return { ...fromView(message), number, media, delivery: status }
}

export function fromSent({
  messageId,
  chat,
  kind,
  text = '',
  details = {},
  quoted = null,
  status,
  problem,
  createdAt,
}: SentView & { text?: string; details?: ChatMessage['details']; quoted?: ChatMessage['quoted'] }): ChatMessage {
  return {
    ...unchanged,
    id: messageId,
    number: null,
    chat,
    author: '',
    authorName: null,
    fromMe: true,
    at: createdAt,
    kind,
    text,
    quoted,
    reactsTo: null,
    details,
    delivery: status,
    problem,
  }
}
