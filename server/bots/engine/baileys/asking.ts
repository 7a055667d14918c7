/** Questions and orders to WhatsApp that are no messages: answered in time, or refused in the room's words. */
import type { Fault } from '../../../fault.ts'
import { BotFault } from '../../fault.ts'
import { lookupRefusalOf } from '../whatsapp-codes.ts'
import type { Sender } from './sending.ts'

export interface Asker {
  /**
   * Throws `whatsapp-refused`, `lookup-held` (asked too much), `message-unanswered`, `connection-lost`, `phone-keys-missing` and
   * `contact-not-found`.
   */
  ask<Answer>(question: () => Promise<Answer>): Promise<Answer>
  /** Null for what WhatsApp does not tell this account. */
  learn<Answer>(question: () => Promise<Answer>): Promise<Answer | null>
}

export function createAsker(sender: Pick<Sender, 'answered'>): Asker {
  async function ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    return sender.answered(
      question().catch((error: unknown) => {
        throw problemOf(error)
      }),
      refusedOf,
    )
  }
  return {
    ask,
    async learn(question) {
      try {
        return await ask(question)
      } catch (error) {
        if (BotFault.is(error, 'whatsapp-refused')) return null
        throw error
      }
    },
  }
}

const words = new Map([
  [401, ': this account may not see or do that'],
  [403, ': this account may not see or do that'],
  [404, ': there is none'],
  [406, ': it does not take what was given'],
])

function refusedOf(code: number): Fault {
  if (code === 429) return lookupRefusalOf(code)
  return new BotFault('whatsapp-refused', `WhatsApp refused it (${code})${words.get(code) ?? ''}`, { code })
}

/** What the library says before it asks WhatsApp. */
function problemOf(error: unknown): unknown {
  const text = error instanceof Error ? error.message : ''
  if (/app ?state ?key/i.test(text))
    return new BotFault('phone-keys-missing', 'The phone has not shared the keys of its chat settings with this device yet')
  if (text.startsWith('Unable to resolve')) return new BotFault('contact-not-found', 'WhatsApp does not know this person')
  return error
}
