/** The life of a bot as one table. What a bot does about an event is in `supervisor.ts`, what of it is kept and told in `record.ts`. */
import { to, type LifecycleTable } from '../../lifecycle.ts'
import type { BotState } from '../contract/native/views.ts'

/**
 * - `started`: a person, or an unlinking, wants a connection. `turn-came`: its turn among those that connect by themselves.
 * - `restart-asked`: WhatsApp ends the connection and wants another at once. `qr-shown`, `opened`: how far a connection has come.
 * - `lost`: the connection is gone, or was not to be had, and is tried again. `logged-out`, `blocked`, `replaced`: WhatsApp has ended it.
 * - `gave-up`: it does not go on by itself. `stopped`: a person has stopped it. `suspended`: the whole room stops.
 */
export type BotLifeEvent =
  | 'started'
  | 'turn-came'
  | 'restart-asked'
  | 'qr-shown'
  | 'opened'
  | 'lost'
  | 'logged-out'
  | 'blocked'
  | 'replaced'
  | 'gave-up'
  | 'stopped'
  | 'suspended'

const stopped = to('stopped', 'A person may stop it at any moment; what it waited for is over.')
const suspended = to('stopped', 'No connection outlives the room. That it is to run again is kept beside the state.')
const started = to('starting', 'A person has dealt with what it waited for, or tries whether it is over.')

export const botLifecycle: LifecycleTable<BotState, BotLifeEvent> = {
  name: 'bot',
  initial: 'stopped',
  states: {
    stopped: 'There is no connection, and none is wanted.',
    starting: 'A connection is being made.',
    pairing: 'It waits for a person to type the code or to scan the QR.',
    online: 'WhatsApp has let it in.',
    reconnecting: 'The connection was lost; another attempt has its time.',
    logged_out: 'It was unlinked on the phone.',
    blocked: 'WhatsApp refused the account.',
    replaced: 'Another program uses the link.',
    failed: 'It does not go on by itself; the reason says why.',
  },
  transitions: {
    stopped: {
      started: to('starting', 'A person starts it, or unlinks it, which WhatsApp has to confirm over a connection.'),
      'turn-came': to('starting', 'It ran when the room was stopped, and comes back with the others, some at a time.'),
    },
    starting: {
      started: to('starting', 'An unlinking needs a connection that it can wait for, and cannot use one that is on its way.'),
      'restart-asked': to('starting', 'WhatsApp may ask for another connection before it has let this one in.'),
      'qr-shown': to('pairing', 'It is not linked: the first QR says that WhatsApp waits for a phone.'),
      opened: to('online', 'WhatsApp has let it in.'),
      lost: to('reconnecting', 'WhatsApp cannot be reached, or the connection ended before it was let in.'),
      'logged-out': to('logged_out', 'It was unlinked while it was away; WhatsApp says so when it knocks.'),
      blocked: to('blocked', 'Knocking again would harm the account.'),
      replaced: to('replaced', 'Knocking again would take the link from the other program, and be thrown out in turn.'),
      'gave-up': to('failed', 'It cannot be started, its number is linked here already, or the library fails over what it is sent.'),
      stopped,
      suspended,
    },
    pairing: {
      started: to('starting', 'The phone has just accepted, and the bot is unlinked before it has logged in.'),
      'restart-asked': to('starting', 'The phone has accepted; the new link logs in over another connection.'),
      lost: to('reconnecting', 'The code has died with the connection; there is a new one as soon as WhatsApp is reached.'),
      'logged-out': to('logged_out', 'The phone has accepted, and has taken it back before the new link could log in.'),
      blocked: to('blocked', 'WhatsApp refuses the account in the moment in which the phone has accepted.'),
      replaced: to('replaced', 'Another program uses the link in the moment in which the phone has accepted.'),
      'gave-up': to('failed', 'The code has expired or is refused, or the passkey was not given: only a person can begin anew.'),
      stopped,
      suspended,
    },
    online: {
      'restart-asked': to('starting', 'WhatsApp moves it to another of its servers.'),
      lost: to('reconnecting', 'Networks fail; the link is as good as before.'),
      'logged-out': to('logged_out', 'The phone has removed the device.'),
      blocked: to('blocked', 'Knocking again would harm the account.'),
      replaced: to('replaced', 'Two holders of one link throw each other out for ever.'),
      'gave-up': to('failed', 'The library fails over what it is sent, again and again.'),
      stopped,
      suspended,
    },
    reconnecting: {
      started: to('starting', 'A person does not wait for the next attempt.'),
      'turn-came': to('starting', 'The wait is over, and it is its turn.'),
      'gave-up': to(
        'failed',
        'The connection was lost before what ends the bot had its turn: its number is linked here already, or the passkey failed.',
      ),
      stopped,
      suspended,
    },
    logged_out: { started, stopped },
    blocked: { started, stopped },
    replaced: { started, stopped },
    failed: {
      started,
      'turn-came': to('starting', 'It was locked when it was last written, still wanted; the key is back.'),
      stopped,
    },
  },
}

/** States in which there is a connection, or one is on its way. */
export function isRunning(state: BotState): boolean {
  return state === 'starting' || state === 'pairing' || state === 'online' || state === 'reconnecting'
}

/** States in which it waits for a person. */
export function needsPerson(state: BotState): boolean {
  return state === 'logged_out' || state === 'blocked' || state === 'replaced' || state === 'failed'
}
