/**
 * What this room refuses, by name: the codes of its contract, and those that are turned into something else before they become an answer.
 */
import { Fault } from '../fault.ts'
import type { loginsContract } from './contract/index.ts'

/** An address in the settings that is none; the start says so. */
type OfStore = 'redis-address'

export class LoginFault extends Fault<keyof typeof loginsContract.faults | OfStore> {}
