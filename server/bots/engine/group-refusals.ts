/** What WhatsApp's numbers mean when it refuses something about a group. They are the network's: every engine translates them by this. */
import type { Fault } from '../../fault.ts'
import { BotFault } from '../fault.ts'
import type { OutcomeWord } from './groups.ts'

/** What was asked for: the same number means something else for each. */
export type Doing = 'read' | 'change' | 'invite'

/** Of a whole call. */
export function groupRefusalOf(code: number, doing: Doing): Fault {
  const said = `(${code})`
  switch (code) {
    case 400:
      return new BotFault('group-unacceptable', `WhatsApp did not accept this: something in it is malformed ${said}`, { code })
    case 401:
      return new BotFault('group-not-member', `This account is not in the group, or may not see this of it ${said}`, { code })
    case 403:
      if (doing === 'change')
        return new BotFault('group-not-admin', `This account may not do that in the group: it is no admin ${said}`, { code })
      return new BotFault('group-not-member', `This account is not in the group, or may not see this of it ${said}`, { code })
    case 404:
      return doing === 'invite'
        ? new BotFault('invite-invalid', `No group has this link ${said}`, { code })
        : new BotFault('group-not-found', `There is no such group ${said}`, { code })
    case 406:
      return doing === 'invite'
        ? new BotFault('invite-invalid', `No group has this link ${said}`, { code })
        : new BotFault('group-unacceptable', `WhatsApp did not accept this ${said}`, { code })
    case 409:
      return new BotFault('group-conflict', `It is so already, or another change came first ${said}`, { code })
    case 410:
      return new BotFault('invite-invalid', `The link was withdrawn ${said}`, { code })
    case 419:
      return new BotFault('group-full', `The group is full ${said}`, { code })
    case 429:
      return new BotFault('whatsapp-overloaded', `WhatsApp asks to do this more slowly ${said}`, { code, retryAfter: 60 })
    default:
      return new BotFault('whatsapp-refused', `WhatsApp refused this ${said}`, { code })
  }
}

const outcomes = new Map<number, OutcomeWord>([
  [200, 'done'],
  [401, 'blocked-you'],
  [403, 'invite-only'],
  [404, 'no-account'],
  [406, 'not-allowed'],
  [408, 'left-recently'],
  [409, 'already-so'],
  [417, 'not-allowed'],
  [419, 'group-full'],
])

/** Of one person in a change of members. */
export function outcomeOf(code: number): OutcomeWord {
  return outcomes.get(code) ?? 'refused'
}
