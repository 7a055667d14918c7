/** The passkey ceremony of one link, as the person sees it. */
import { to, type LifecycleTable } from '../../lifecycle.ts'
import type { PasskeyStage } from '../contract/native/views.ts'

export type PasskeyEvent =
  /** The person has used the passkey in the browser. */
  | 'proven'
  /** WhatsApp has given the code that both sides show. */
  | 'code-came'
  /** The person has compared it, or the phone asks for no comparison. */
  | 'confirmed'

export const passkeyLifecycle: LifecycleTable<PasskeyStage, PasskeyEvent> = {
  name: 'passkey ceremony',
  initial: 'browser',
  states: {
    browser: 'The browser is open and waits for the person.',
    sending: 'What they have proven goes to WhatsApp.',
    confirm: 'The person is to compare the code with the phone’s.',
    linking: 'The phone links the device.',
  },
  transitions: {
    browser: {
      proven: to('sending', 'The browser has the assertion.'),
      'code-came': to('confirm', 'The phone need not wait for what our own side still reports.'),
    },
    sending: { 'code-came': to('confirm', 'WhatsApp has taken the assertion.') },
    confirm: {
      'code-came': to('confirm', 'The phone may send its half again; the newest code is the one it shows.'),
      confirmed: to('linking', 'Both sides show the same code, or the phone knows us by the proof.'),
    },
    // It ends with the connection: the link is made, or the reason says why not.
    linking: {},
  },
}
