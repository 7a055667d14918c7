/** How the journal gives space back: the oldest segment goes once what is still needed of it was appended anew. */
import { escape } from '../../../isolation.ts'
import type { Journal } from './journal.ts'
import type { MessageStore } from './message-store.ts'
import type { Message, Tenant } from './model.ts'
import { storedSubscriber } from './records.ts'
import { isRecorded, isWritten, lettersOf } from './tenant.ts'
import type { Turns } from './turns.ts'

/** Bytes of an old segment that may still be needed for it to be worth moving them. */
const littleNeeded = 8_388_608
/** Beyond this the journal is tidied up whatever it costs: three times what is needed, and a constant. */
const tolerated = (needed: number): number => 3 * needed + 134_217_728
/** What a message takes in the journal beside its body, roughly. */
const overhead = 256

/** Begins a segment with what is not in messages. `anew`: with everything, so that all older segments can go. */
export function beginSegment(
  {
    journal,
    store,
    tenants,
    nextSubscriber,
    turns,
    moving,
  }: {
    journal: Journal
    store: MessageStore
    tenants: readonly Tenant[]
    nextSubscriber: number
    turns: Turns
    /** One old segment at a time, in turns with what else is to be done. */
    moving: { isUnderWay: boolean }
  },
  anew: boolean,
): void {
  const { nextSeq, nextDeadLetter } = store
  const written = tenants.filter(isWritten)
  const subscribers = written.flatMap((tenant) => [...tenant.subscribers.values()].filter(isRecorded).map(storedSubscriber))
  journal.records.checkpoint({ nextSeq, nextSubscriber, nextDeadLetter, subscribers })
  const older = journal.olderSegments()
  if (anew) {
    moveMessages(journal, store, Infinity)
    for (const segment of older) journal.doom(segment)
    return
  }
  const [oldest] = older
  if (oldest === undefined || !journal.hasSurplus()) return
  const old = [...messagesUpTo(store, oldest)]
  const needed = old.reduce((sum, { body }) => sum + body.length + overhead, 0)
  if (needed >= littleNeeded && journal.totalBytes <= tolerated(store.liveBytes)) return
  if (moving.isUnderWay) return
  moving.isUnderWay = true
  turns
    .each(old, (message) => {
      // It may be over, or written again, since.
      if (store.messages.has(message.seq) && message.segment <= oldest) move(message, journal, store)
    })
    .then(() => journal.doom(oldest))
    .catch(escape)
    .finally(() => (moving.isUnderWay = false))
}

/** The store keeps messages in the order of their segments. */
function* messagesUpTo({ messages }: MessageStore, segment: number): Generator<Message> {
  for (const message of messages.values()) {
    if (message.segment > segment) return
    yield message
  }
}

function moveMessages(journal: Journal, store: MessageStore, segment: number): void {
  for (const message of [...messagesUpTo(store, segment)]) move(message, journal, store)
}

function move(message: Message, journal: Journal, { messages }: MessageStore): void {
  messages.delete(message.seq)
  messages.set(message.seq, message)
  message.segment = journal.segment
  message.deliveries = message.deliveries.filter(({ state }) => state !== 'over')
  if (isWritten(message.tenant)) journal.records.message(message, lettersOf(message))
}
