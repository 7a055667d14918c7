/**
 * What this room refuses, by name: the codes of its contract, and those that are turned into something else before they become an answer.
 */
import { Fault } from '../fault.ts'
import type { brokersContract } from './contract/index.ts'

/** What a publication by Wheelhouse itself is refused for; its tools and the bots' rules show it. */
type OfPublication = 'invalid-topic' | 'publish-refused'

export class BrokerFault extends Fault<keyof typeof brokersContract.faults | OfPublication> {}
