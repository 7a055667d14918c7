/** What the publish dialog begins with. */
import type { BrokerMessage } from '../../../../server/brokers/contract/index.ts'
import { textOf } from './message-content.ts'
import type { Opened } from './message-opening.ts'

export interface Draft {
  topic: string
  /** Base64 where `message` holds bytes. */
  text: string
  retain: boolean
  /** What it was encrypted with, to encrypt it again. */
  key: string
  envelope: 1 | 2
  /** What it was published with beside its text; null for a new one. */
  message: Pick<BrokerMessage, 'data' | 'source' | 'encoding' | 'qos' | 'headers' | 'properties'> | null
}

export function draftOf(message: BrokerMessage, opened: Opened, key: string): Draft {
  const { topic, retain, data } = message
  const envelope = typeof data === 'string' && data.startsWith('2.') ? 2 : 1
  return opened.state === 'open'
    ? { topic, retain, text: opened.text, key, envelope, message: null }
    : { topic, retain, text: textOf(message) ?? String(data), key: '', envelope, message }
}

/** The dialog's text as it is published again. Throws where it was JSON and is none any more. */
export function dataOf(text: string, { data }: { data: unknown }): unknown {
  if (typeof data === 'string') return text
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new Error('This is no JSON', { cause: error })
  }
}
