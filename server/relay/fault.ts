/**
 * What this room refuses, by name: the codes of its contract, and those that are turned into something else before they become an answer.
 */
import { Fault } from '../fault.ts'
import type { relayContract } from './contract/index.ts'

/** What a conversation with a server or its sign-in ends with; clients and the page after a sign-in get words for it. */
type OfConversation = 'not-offered' | 'sign-in-failed' | 'sign-in-needed' | 'sign-in-unknown' | 'tool-not-allowed'

export class RelayFault extends Fault<keyof typeof relayContract.faults | OfConversation> {}
