/** What WhatsApp's numbers mean when it refuses something about a channel. */
import type { Fault } from '../../fault.ts'
import { BotFault } from '../fault.ts'

export function channelRefusalOf(code: number): Fault {
  const said = `(${code})`
  switch (code) {
    case 400:
    case 406:
      return new BotFault('channel-unacceptable', `WhatsApp did not accept this ${said}`, { code })
    case 401:
    case 403:
      return new BotFault('channel-not-allowed', `This account may not do that in the channel ${said}`, { code })
    case 404:
    case 410:
      return new BotFault('channel-not-found', `There is no such channel ${said}`, { code })
    case 429:
      return new BotFault('whatsapp-overloaded', `WhatsApp asks to do this more slowly ${said}`, { code, retryAfter: 60 })
    default:
      return new BotFault('whatsapp-refused', `WhatsApp refused this ${said}`, { code })
  }
}
