/** How the journal gives space back: the oldest segment goes once what is still needed of it was appended anew. */
import { isRecorded } from './deliveries.ts'
import type { Engine } from './engine.ts'
import type { DeadLetter, Message } from './model.ts'
import { storedSubscriber } from './records.ts'

/** Bytes of an old segment that may still be needed for it to be worth moving them. */
const littleNeeded = 8_388_608
/** Beyond this the journal is tidied up whatever it costs: three times what is needed, and a constant. */
const tolerated = (needed: number): number => 3 * needed + 134_217_728
/** What a message takes in the journal beside its body, roughly. */
const overhead = 256

/** Begins a segment with what is not in messages. `anew`: with everything, so that all older segments can go. */
export function beginSegment(engine: Engine, anew: boolean): void {
  const { journal, nextSeq, nextSubscriber, nextDeadLetter } = engine
  const written = [...engine.tenants.values()].filter(({ isWritten }) => isWritten)
  const subscribers = written.flatMap((tenant) => [...tenant.subscribers.values()].filter(isRecorded).map(storedSubscriber))
  journal.records.checkpoint({ nextSeq, nextSubscriber, nextDeadLetter, subscribers })
  const older = journal.olderSegments()
  if (anew) {
    moveMessages(engine, Infinity)
    for (const segment of older) journal.doom(segment)
    return
  }
  const [oldest] = older
  if (oldest === undefined || !journal.hasSurplus()) return
  const needed = [...messagesUpTo(engine, oldest)].reduce((sum, { body }) => sum + body.length + overhead, 0)
  if (needed >= littleNeeded && journal.totalBytes <= tolerated(engine.liveBytes)) return
  moveMessages(engine, oldest)
  journal.doom(oldest)
}

export function* lettersOf(message: Message): Generator<DeadLetter> {
  if (message.deadLetters === 0) return
  for (const letter of message.tenant.deadLetters.values()) if (letter.message === message) yield letter
}

/** The engine keeps messages in the order of their segments. */
function* messagesUpTo(engine: Engine, segment: number): Generator<Message> {
  for (const message of engine.messages.values()) {
    if (message.segment > segment) return
    yield message
  }
}

function moveMessages(engine: Engine, segment: number): void {
  const { journal, messages } = engine
  for (const message of [...messagesUpTo(engine, segment)]) {
    messages.delete(message.seq)
    messages.set(message.seq, message)
    message.segment = journal.segment
    message.deliveries = message.deliveries.filter(({ state }) => state !== 'over')
    if (message.tenant.isWritten) journal.records.message(message, lettersOf(message))
  }
}
