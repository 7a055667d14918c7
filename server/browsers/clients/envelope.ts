/**
 * The outside of a message of the DevTools protocol, read without its inside: an answer may carry megabytes that are nobody's business
 * here.
 *
 * Chromium writes `id` or `method` first and `sessionId` last. A quotation mark inside a text is always written `\"`, so what is looked for
 * at the two ends cannot be part of one; a message that is built otherwise is read as a whole.
 */

export interface Envelope {
  /** Of an answer. */
  id: number | null
  /** Of an event. */
  method: string | null
  sessionId: string | null
  /** Where the digits of the id end; null when the message is not built as above. */
  afterId: number | null
  /** Where `,"sessionId"` begins; null when there is none, or the message is not built as above. */
  sessionAt: number | null
}

/** What the browser said, whole and as far as its outside. */
export interface Said {
  message: Buffer
  envelope: Envelope
}

const quote = 0x22
const idStart = Buffer.from('{"id":')
const methodStart = Buffer.from('{"method":"')
const sessionStart = Buffer.from(',"sessionId":"')
const end = Buffer.from('"}')
/** Chromium's are 32 characters. */
const longestSession = 64

export function readEnvelope(message: Buffer): Envelope {
  const session = readSession(message)
  if (startsWith(message, idStart)) {
    let at = idStart.length
    let id = 0
    for (let digit = digitAt(message, at); digit !== null; digit = digitAt(message, at)) {
      id = id * 10 + digit
      at += 1
    }
    if (at > idStart.length && message[at] === 0x2c) return { id, method: null, afterId: at, ...session }
  }
  if (startsWith(message, methodStart)) {
    const stop = message.indexOf(quote, methodStart.length)
    if (stop !== -1 && (session.sessionId !== null || !mentionsSession(message)))
      return { id: null, method: message.toString('latin1', methodStart.length, stop), afterId: null, ...session }
  }
  return readWhole(message)
}

/** The message with another id, or without its session, and the rest as it is. */
export function readdressed(message: Buffer, envelope: Envelope, { id, sessionless }: { id?: number; sessionless: boolean }): Buffer {
  const { afterId, sessionAt } = envelope
  const idChanges = id !== undefined && envelope.id !== null
  const sessionGoes = sessionless && envelope.sessionId !== null
  if ((idChanges && afterId === null) || (sessionGoes && sessionAt === null)) {
    const whole = JSON.parse(message.toString('utf8')) as Record<string, unknown>
    if (idChanges) whole['id'] = id
    if (sessionGoes) delete whole['sessionId']
    return Buffer.from(JSON.stringify(whole))
  }
  if (!idChanges && !sessionGoes) return message
  const body = message.subarray(idChanges ? (afterId ?? 0) : 0, sessionGoes ? (sessionAt ?? message.length) : message.length)
  return Buffer.concat([...(idChanges ? [Buffer.from(`{"id":${id}`)] : []), body, ...(sessionGoes ? [Buffer.from('}')] : [])])
}

function readSession(message: Buffer): Pick<Envelope, 'sessionId' | 'sessionAt'> {
  const none = { sessionId: null, sessionAt: null }
  const last = message.length - end.length
  if (last < 0 || message.compare(end, 0, end.length, last) !== 0) return none
  const first = message.lastIndexOf(quote, last - 1)
  const sessionAt = first + 1 - sessionStart.length
  if (first === -1 || sessionAt < 0 || last - first > longestSession) return none
  if (message.compare(sessionStart, 0, sessionStart.length, sessionAt, first + 1) !== 0) return none
  return { sessionId: message.toString('latin1', first + 1, last), sessionAt }
}

/** Looked for in small messages alone: in a large one without a session at its end there is none elsewhere either. */
function mentionsSession(message: Buffer): boolean {
  return message.length < 4_096 && message.includes('"sessionId"')
}

function readWhole(message: Buffer): Envelope {
  const { id, method, sessionId } = JSON.parse(message.toString('utf8')) as Record<string, unknown>
  return {
    id: typeof id === 'number' ? id : null,
    method: typeof method === 'string' ? method : null,
    sessionId: typeof sessionId === 'string' ? sessionId : null,
    afterId: null,
    sessionAt: null,
  }
}

function startsWith(message: Buffer, start: Buffer): boolean {
  return message.length >= start.length && message.compare(start, 0, start.length, 0, start.length) === 0
}

function digitAt(message: Buffer, at: number): number | null {
  const code = message[at] ?? 0
  return code >= 0x30 && code <= 0x39 ? code - 0x30 : null
}
