/**
 * Reads a history piece by piece: the library decodes all of it in one go, which stops everything else for as long as that takes. Only the
 * outer layers are read here (protobuf: a tag, a length, so many bytes); each message is decoded by itself.
 */

const conversations = 2
const messagesOfConversation = 2

export interface ConversationParts {
  /** All but its messages. */
  head: Buffer
  messages: Buffer[]
}

/** What is no conversation, and the conversations one after the other. Throws a RangeError where it is cut off. */
export function partsOfHistory(bytes: Buffer): { rest: Buffer; conversations: Generator<ConversationParts> } {
  const { rest, fields } = fieldsOf(bytes, conversations)
  return { rest, conversations: each(fields) }
}

function* each(fields: readonly Buffer[]): Generator<ConversationParts> {
  for (const field of fields) {
    const { rest, fields: messages } = fieldsOf(field, messagesOfConversation)
    yield { head: rest, messages }
  }
}

/** The fields of this number, and all others as they were. */
function fieldsOf(bytes: Buffer, wanted: number): { rest: Buffer; fields: Buffer[] } {
  const fields: Buffer[] = []
  const others: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    const start = at
    const tag = varint()
    const wireType = tag & 7
    if (wireType === 2) {
      const length = varint()
      if (at + length > bytes.length) throw new RangeError('the history is cut off')
      if (tag >>> 3 === wanted) fields.push(bytes.subarray(at, at + length))
      else others.push(bytes.subarray(start, at + length))
      at += length
      continue
    }
    if (wireType === 0) varint()
    else if (wireType === 1) at += 8
    else if (wireType === 5) at += 4
    else throw new RangeError('the history is malformed')
    others.push(bytes.subarray(start, at))
  }
  return { rest: Buffer.concat(others), fields }

  function varint(): number {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at]
      if (byte === undefined) throw new RangeError('the history is cut off')
      at += 1
      if (shift < 49) value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
    throw new RangeError('the history is malformed')
  }
}
