/** Reading what clients have encrypted, with a key that is typed into this window and leaves it nowhere. */
import { ref, shallowRef, watch } from 'vue'
import { Envelope, EnvelopeError, sha256 } from '../../../../client/brokers/src/envelope.ts'
import type { BrokerMessage } from '../../../../server/brokers/contract/index.ts'
import { textOf } from './message-content.ts'

export type Opened =
  /** Not encrypted, or nobody has given a key. */
  { state: 'closed' } | { state: 'open'; text: string } | { state: 'failed'; problem: string }

/** Whether the text can be one of the two envelopes. */
export const looksSealed = (text: string | null): boolean =>
  text !== null && /^(?:2\.[\w-]{1,64}\.[A-Za-z0-9+/=]+\.[A-Za-z0-9+/=]+|[A-Za-z0-9+/]{22}==:[A-Za-z0-9+/=]+)$/.test(text)

export function useMessageOpening() {
  const key = ref('')
  const problem = ref<string | null>(null)
  const envelope = shallowRef<Envelope | null>(null)

  watch(key, async (typed) => {
    problem.value = null
    envelope.value = null
    if (typed.trim() === '') return
    try {
      const made = await Envelope.create(typed)
      if (key.value === typed) envelope.value = made
    } catch (error) {
      if (key.value === typed) problem.value = wordsOf(error)
    }
  })

  async function open(message: BrokerMessage): Promise<Opened> {
    const text = textOf(message)
    if (envelope.value === null || text === null || !looksSealed(text)) return { state: 'closed' }
    const { topic, messageId, timestamp = 0, hash } = message
    try {
      return { state: 'open', text: await envelope.value.open({ data: text, hash }, { topic, messageId, timestamp }) }
    } catch (error) {
      return { state: 'failed', problem: wordsOf(error) }
    }
  }

  return { key, problem, envelope, open }
}

/** Whether the hash that a JSON client gave is the one of what it sent; null where there is none, or none can be made here. */
export async function hashHolds(message: BrokerMessage): Promise<boolean | null> {
  const text = textOf(message)
  // Pages that come over the network without TLS have no cryptography.
  if (message.hash === undefined || text === null || globalThis.crypto.subtle === undefined) return null
  return (await sha256(text)) === message.hash
}

const wordsOf = (error: unknown): string => (error instanceof EnvelopeError ? error.message : 'The message could not be opened')
