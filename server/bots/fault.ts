/**
 * What this room refuses, by name: the codes of its contract, and those that are turned into something else before they become an answer.
 */
import { Fault } from '../fault.ts'
import type { botsContract } from './contract/index.ts'

/** What a connection to WhatsApp ends with; pairing and outbox turn it into states. */
type OfConnection = 'account-restricted' | 'message-held' | 'message-refused' | 'passkey-failed'

export class BotFault extends Fault<keyof typeof botsContract.faults | OfConnection> {}
