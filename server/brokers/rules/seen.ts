/** A message as rules see it. */
import { createHash } from 'node:crypto'
import type { BrokerMessage } from '../contract/messages.ts'
import type { Message } from '../engine/types.ts'
import { messageView } from '../messages/message-view.ts'
import { readContent, type Content } from './content.ts'
import { withoutMark } from './hops.ts'

export interface Seen {
  message: BrokerMessage
  content: Content
  /** Names what a rule makes of it: the same for this message alone, whatever other one bears its id later. */
  name: string
}

export function seen(message: Message): Seen {
  const { headers: given, ...view } = messageView(message, false)
  const headers = withoutMark(given)
  const name = createHash('sha256').update(`${message.seq} ${message.id}`).digest('base64url').slice(0, 22)
  return { message: { ...view, ...(headers === undefined ? {} : { headers }) }, content: readContent(view), name }
}
